//! What platforms ask of an account, and what platforms are called, in the languages of the consoles. A row's
//! first text is the sentence that the platform's definition has (`about`, `title`): by that it is found, so a
//! definition that an operator brought and that asks for the same is understood as well. `{name}` is the name
//! of the field that another one takes the place of.

use super::LANGUAGES;

/// A definition's sentence in a language; none where it is one of the operator's own.
pub fn asked(language: &str, sentence: &str) -> Option<String> {
    let at = LANGUAGES.iter().position(|(known, _)| *known == language)?;
    ROWS.iter().find_map(|row| Some(row[at].replace("{name}", named(row[0], sentence)?)))
}

/// What stands in a sentence where a text has `{name}`; nothing where it has none.
fn named<'a>(text: &str, sentence: &'a str) -> Option<&'a str> {
    match text.split_once("{name}") {
        None => (text == sentence).then_some(""),
        Some((before, after)) => sentence.strip_prefix(before)?.strip_suffix(after),
    }
}

#[rustfmt::skip] // a sentence in all languages is one row
pub(super) const ROWS: &[[&str; 5]] = &[
    ["how many messages a minute may bring to the platform", "wie viele Nachrichten eine Minute höchstens zur Plattform bringt", "combien de messages partent au plus par minute vers la plateforme", "cuántos mensajes por minuto pueden ir a la plataforma", "mitu sõnumit tohib minutis platvormile minna"],
    ["where what is written there is passed on to: your bot", "wohin weitergegeben wird, was dort geschrieben wird: Ihr Bot", "où est transmis ce qui s’y écrit : votre robot", "adónde se reenvía lo que se escribe allí: su bot", "kuhu seal kirjutatu edastatakse: sinu bot"],
    ["where this platform's server is", "wo der Server dieser Plattform steht", "où se trouve le serveur de cette plateforme", "dónde está el servidor de esta plataforma", "kus asub selle platvormi server"],
    ["another server in the platform's place", "ein anderer Server an Stelle der Plattform", "un autre serveur à la place de la plateforme", "otro servidor en lugar de la plataforma", "teine server platvormi asemel"],
    ["the `{name}` before, while it is being replaced", "das bisherige `{name}`, solange es ersetzt wird", "l’ancien `{name}`, le temps de son remplacement", "el `{name}` anterior, mientras se sustituye", "eelmine `{name}`, kuni seda vahetatakse"],
    ["the mail server's name", "der Name des Mailservers", "le nom du serveur de messagerie", "el nombre del servidor de correo", "meiliserveri nimi"],
    ["the address that mail comes from", "die Adresse, von der Mails kommen", "l’adresse d’où partent les e-mails", "la dirección de la que salen los correos", "aadress, millelt kirjad tulevad"],
    ["the name that mail comes from", "der Name, unter dem Mails kommen", "le nom sous lequel partent les e-mails", "el nombre con el que salen los correos", "nimi, mille alt kirjad tulevad"],
    ["587, or 465 where TLS is implicit", "587 oder 465, wo TLS implizit ist", "587, ou 465 si TLS est implicite", "587, o 465 si TLS es implícito", "587 või 465, kui TLS on kohene"],
    ["how a connection comes to its TLS", "wie eine Verbindung zu TLS kommt", "comment une connexion passe en TLS", "cómo llega una conexión a TLS", "kuidas ühendus TLS-i saab"],
    ["who sends; goes with `password`", "wer sendet; gehört zu `password`", "qui envoie ; va avec `password`", "quién envía; va con `password`", "kes saadab; käib koos väljaga `password`"],
    ["the PEM of the authority behind the server's certificate", "das PEM der Stelle hinter dem Zertifikat des Servers", "le PEM de l’autorité derrière le certificat du serveur", "el PEM de la autoridad del certificado del servidor", "serveri sertifikaadi väljastaja PEM"],
    ["the password of `username`", "das Passwort zu `username`", "le mot de passe de `username`", "la contraseña de `username`", "välja `username` parool"],
    ["under which name messages are kept", "unter welchem Namen Nachrichten aufbewahrt werden", "sous quel nom les messages sont conservés", "con qué nombre se guardan los mensajes", "millise nime all sõnumeid hoitakse"],
    ["the region, such as eu-west-1", "die Region, etwa eu-west-1", "la région, par exemple eu-west-1", "la región, por ejemplo eu-west-1", "piirkond, näiteks eu-west-1"],
    ["the access key's id", "die Kennung des Zugriffsschlüssels", "l’identifiant de la clé d’accès", "el id de la clave de acceso", "pääsuvõtme tunnus"],
    ["the sender's name, where the country has such", "der Absendername, wo das Land so etwas kennt", "le nom de l’expéditeur, si le pays en connaît", "el nombre del remitente, donde el país lo admite", "saatja nimi, kui riik selliseid tunneb"],
    ["the topic that two-way messages come by", "das Thema, über das Antworten hereinkommen", "le sujet par lequel arrivent les réponses", "el tema por el que llegan las respuestas", "teema, mille kaudu vastused tulevad"],
    ["the topic's attribute SignatureVersion: 1, which Amazon sets by itself, still uses SHA-1", "das Attribut SignatureVersion des Themas: 1, wie Amazon von sich aus setzt, nutzt noch SHA-1", "l’attribut SignatureVersion du sujet : 1, qu’Amazon choisit d’office, utilise encore SHA-1", "el atributo SignatureVersion del tema: 1, que Amazon pone por sí mismo, aún usa SHA-1", "teema atribuut SignatureVersion: 1, mille Amazon ise seab, kasutab veel SHA-1-te"],
    ["the access key", "der Zugriffsschlüssel", "la clé d’accès", "la clave de acceso", "pääsuvõti"],
    ["the provider's id", "die Kennung des Anbieters", "l’identifiant du fournisseur", "el id del proveedor", "pakkuja tunnus"],
    ["the business's id", "die Kennung des Unternehmens", "l’identifiant de l’entreprise", "el id de la empresa", "ettevõtte tunnus"],
    ["what a link's card says", "was auf der Karte eines Links steht", "ce que dit la carte d’un lien", "lo que dice la tarjeta de un enlace", "mida lingi kaart ütleb"],
    ["a link's picture: a PNG in base64, at most 4096 characters", "das Bild eines Links: ein PNG in base64, höchstens 4096 Zeichen", "l’image d’un lien : un PNG en base64, 4096 caractères au plus", "la imagen de un enlace: un PNG en base64, 4096 caracteres como máximo", "lingi pilt: PNG base64-kujul, kuni 4096 märki"],
    ["the provider's API secret, in base64", "das API-Geheimnis des Anbieters in base64", "le secret d’API du fournisseur, en base64", "el secreto de API del proveedor, en base64", "pakkuja API saladus base64-kujul"],
    ["the bot's application id", "die Anwendungskennung des Bots", "l’identifiant d’application du robot", "el id de aplicación del bot", "boti rakenduse tunnus"],
    ["the tenant that the bot's tokens come from", "der Mandant, von dem die Tokens des Bots kommen", "le locataire d’où viennent les jetons du robot", "el inquilino del que vienen los tokens del bot", "rentnik, kellelt boti tõendid tulevad"],
    ["where tokens are given out", "wo Tokens ausgegeben werden", "où les jetons sont délivrés", "dónde se emiten los tokens", "kus tõendeid väljastatakse"],
    ["where the keys of incoming tokens are told", "wo die Schlüssel eingehender Tokens stehen", "où sont indiquées les clés des jetons entrants", "dónde están las claves de los tokens entrantes", "kus on sissetulevate tõendite võtmed"],
    ["who signs incoming tokens", "wer eingehende Tokens signiert", "qui signe les jetons entrants", "quién firma los tokens entrantes", "kes sissetulevad tõendid allkirjastab"],
    ["what the button of a link says", "was auf der Schaltfläche eines Links steht", "ce que dit le bouton d’un lien", "lo que dice el botón de un enlace", "mida lingi nupp ütleb"],
    ["the application's client secret", "das Client-Geheimnis der Anwendung", "le secret client de l’application", "el secreto de cliente de la aplicación", "rakenduse kliendisaladus"],
    ["the account's number", "die Nummer des Kontos", "le numéro du compte", "el número de la cuenta", "konto number"],
    ["whether private notes in a conversation tell agents that it is proved who chats, until when and by what, and that it is no longer. Customers see no note and can write none", "ob private Notizen im Gespräch den Agenten sagen, dass bestätigt ist, wer schreibt, bis wann und wodurch, und wann nicht mehr. Kunden sehen keine Notiz und können keine schreiben", "si des notes privées disent aux agents que l’identité est prouvée, jusqu’à quand et par quoi, et quand elle ne l’est plus. Les clients ne voient pas ces notes et ne peuvent pas en écrire", "si unas notas privadas dicen a los agentes que está probado quién escribe, hasta cuándo y con qué, y cuándo deja de estarlo. Los clientes no ven las notas ni pueden escribirlas", "kas privaatsed märkmed ütlevad klienditeenindajatele, et kirjutaja on kinnitatud, mis ajani ja millega, ning et enam mitte. Kliendid märkmeid ei näe ega saa neid kirjutada"],
    ["the agent bot's access token", "das Zugriffstoken des Agent-Bots", "le jeton d’accès du robot d’agent", "el token de acceso del bot de agente", "agendiboti pääsutõend"],
    ["the webhook's or agent bot's secret: newer releases sign what comes in with it", "das Geheimnis des Webhooks oder Agent-Bots: Neuere Versionen signieren damit, was hereinkommt", "le secret du webhook ou du robot : les versions récentes signent avec lui ce qui arrive", "el secreto del webhook o del bot: las versiones nuevas firman con él lo que llega", "veebihaagi või agendiboti saladus: uuemad versioonid allkirjastavad sellega sissetuleva"],
    ["for releases that do not sign: stands in the webhook's address as ?key=, at least 32 random characters", "für Versionen, die nicht signieren: steht als ?key= in der Adresse des Webhooks, mindestens 32 zufällige Zeichen", "pour les versions qui ne signent pas : figure dans l’adresse du webhook après ?key=, au moins 32 caractères aléatoires", "para versiones que no firman: va en la dirección del webhook como ?key=, al menos 32 caracteres aleatorios", "versioonidele, mis ei allkirjasta: on veebihaagi aadressis kujul ?key=, vähemalt 32 juhuslikku märki"],
    ["the professional account's id, as webhooks name it (`user_id`)", "die Kennung des professionellen Kontos, wie Webhooks sie nennen (`user_id`)", "l’identifiant du compte professionnel, tel que les webhooks le nomment (`user_id`)", "el id de la cuenta profesional, como lo nombran los webhooks (`user_id`)", "professionaalse konto tunnus, nagu veebihaagid seda nimetavad (`user_id`)"],
    ["the account's name: links back into the chat need it", "der Name des Kontos: Links zurück in den Chat brauchen ihn", "le nom du compte : les liens de retour vers la discussion en ont besoin", "el nombre de la cuenta: lo necesitan los enlaces de vuelta al chat", "konto nimi: lingid tagasi vestlusse vajavad seda"],
    ["the version of Meta's API", "die Version der API von Meta", "la version de l’API de Meta", "la versión de la API de Meta", "Meta API versioon"],
    ["what the button of a link says, at most 20 characters", "was auf der Schaltfläche eines Links steht, höchstens 20 Zeichen", "ce que dit le bouton d’un lien, 20 caractères au plus", "lo que dice el botón de un enlace, 20 caracteres como máximo", "mida lingi nupp ütleb, kuni 20 märki"],
    ["what the button of a link says, at most 25 characters", "was auf der Schaltfläche eines Links steht, höchstens 25 Zeichen", "ce que dit le bouton d’un lien, 25 caractères au plus", "lo que dice el botón de un enlace, 25 caracteres como máximo", "mida lingi nupp ütleb, kuni 25 märki"],
    ["the account's access token", "das Zugriffstoken des Kontos", "le jeton d’accès du compte", "el token de acceso de la cuenta", "konto pääsutõend"],
    ["the app's secret, or the Instagram app's where it has one: what comes in is signed with it", "das Geheimnis der App oder der Instagram-App, wo sie eines hat: Damit ist signiert, was hereinkommt", "le secret de l’application, ou de l’application Instagram si elle en a un : il signe ce qui arrive", "el secreto de la app, o de la app de Instagram si lo tiene: con él se firma lo que llega", "rakenduse saladus või Instagrami rakenduse oma, kui sel on: sellega on sissetulev allkirjastatud"],
    ["the word that Meta's console was given to verify the webhook", "das Wort, das Metas Konsole zum Prüfen des Webhooks bekam", "le mot donné à la console de Meta pour vérifier le webhook", "la palabra que se dio a la consola de Meta para verificar el webhook", "sõna, mis anti Meta konsoolile veebihaagi kontrollimiseks"],
    ["the sendsms user", "der Benutzer für sendsms", "l’utilisateur de sendsms", "el usuario de sendsms", "sendsms-i kasutaja"],
    ["the number or name that messages come from", "die Nummer oder der Name, von dem Nachrichten kommen", "le numéro ou le nom d’où viennent les messages", "el número o nombre del que vienen los mensajes", "number või nimi, millelt sõnumid tulevad"],
    ["this channel's address here, \".../in/TEAM/CHANNEL\": what became of messages is told there", "die hiesige Adresse dieses Kanals, „.../in/TEAM/CHANNEL“: Dorthin wird gemeldet, was aus Nachrichten wurde", "l’adresse de ce canal ici, « .../in/TEAM/CHANNEL » : on y dit ce que sont devenus les messages", "la dirección de este canal aquí, «.../in/TEAM/CHANNEL»: allí se dice qué fue de los mensajes", "selle kanali siinne aadress „.../in/TEAM/CHANNEL“: sinna öeldakse, mis sõnumitest sai"],
    ["the sendsms user's password", "das Passwort des Benutzers für sendsms", "le mot de passe de l’utilisateur de sendsms", "la contraseña del usuario de sendsms", "sendsms-i kasutaja parool"],
    ["stands in post-url and in what it calls back as key=, at least 32 random letters and digits", "steht als key= in post-url und in den Rückrufen, mindestens 32 zufällige Buchstaben und Ziffern", "figure comme key= dans post-url et dans les rappels, au moins 32 lettres et chiffres aléatoires", "va como key= en post-url y en las llamadas de vuelta, al menos 32 letras y dígitos aleatorios", "on kujul key= nii post-url-is kui tagasikutsetes, vähemalt 32 juhuslikku tähte ja numbrit"],
    ["the bot's basic id, which begins with @: links back into the chat need it", "die Basis-Kennung des Bots, beginnt mit @: Links zurück in den Chat brauchen sie", "l’identifiant de base du robot, qui commence par @ : les liens de retour en ont besoin", "el id básico del bot, que empieza por @: lo necesitan los enlaces de vuelta al chat", "boti põhitunnus, mis algab märgiga @: lingid tagasi vestlusse vajavad seda"],
    ["the channel's access token", "das Zugriffstoken des Kanals", "le jeton d’accès du canal", "el token de acceso del canal", "kanali pääsutõend"],
    ["the channel's secret: what comes in is signed with it", "das Geheimnis des Kanals: Damit ist signiert, was hereinkommt", "le secret du canal : il signe ce qui arrive", "el secreto del canal: con él se firma lo que llega", "kanali saladus: sellega on sissetulev allkirjastatud"],
    ["the application service's as_token, or a bot user's access token", "das as_token des Application Service oder das Zugriffstoken eines Bot-Benutzers", "le as_token du service applicatif, ou le jeton d’accès d’un utilisateur robot", "el as_token del servicio de aplicación, o el token de acceso de un usuario bot", "rakendusteenuse as_token või botikasutaja pääsutõend"],
    ["the application service's hs_token: the homeserver says it with all that comes in", "das hs_token des Application Service: Der Homeserver sagt es bei allem, was hereinkommt", "le hs_token du service applicatif : le serveur le dit avec tout ce qui arrive", "el hs_token del servicio de aplicación: el homeserver lo dice con todo lo que llega", "rakendusteenuse hs_token: koduserver ütleb selle kõige sissetulevaga"],
    ["the workspace's id", "die Kennung des Arbeitsbereichs", "l’identifiant de l’espace de travail", "el id del espacio de trabajo", "tööruumi tunnus"],
    ["the channel's id", "die Kennung des Kanals", "l’identifiant du canal", "el id del canal", "kanali tunnus"],
    ["what an address is", "was eine Adresse ist", "ce qu’est une adresse", "qué es una dirección", "mis on aadress"],
    ["what the channel carries: text messages are written so that they need few parts", "was der Kanal trägt: Textnachrichten werden so geschrieben, dass sie wenige Teile brauchen", "ce que porte le canal : les SMS sont écrits pour tenir en peu de parties", "qué lleva el canal: los SMS se escriben para que ocupen pocas partes", "mida kanal kannab: tekstisõnumid kirjutatakse nii, et osi oleks vähe"],
    ["an access key of the workspace", "ein Zugriffsschlüssel des Arbeitsbereichs", "une clé d’accès de l’espace de travail", "una clave de acceso del espacio de trabajo", "tööruumi pääsuvõti"],
    ["the webhook's signing key", "der Signaturschlüssel des Webhooks", "la clé de signature du webhook", "la clave de firma del webhook", "veebihaagi allkirjavõti"],
    ["the page's id", "die Kennung der Seite", "l’identifiant de la page", "el id de la página", "lehe tunnus"],
    ["the page's user name: links back into the chat need it", "der Benutzername der Seite: Links zurück in den Chat brauchen ihn", "le nom d’utilisateur de la page : les liens de retour en ont besoin", "el nombre de usuario de la página: lo necesitan los enlaces de vuelta al chat", "lehe kasutajanimi: lingid tagasi vestlusse vajavad seda"],
    ["the page's access token", "das Zugriffstoken der Seite", "le jeton d’accès de la page", "el token de acceso de la página", "lehe pääsutõend"],
    ["the app's secret: what comes in is signed with it", "das Geheimnis der App: Damit ist signiert, was hereinkommt", "le secret de l’application : il signe ce qui arrive", "el secreto de la app: con él se firma lo que llega", "rakenduse saladus: sellega on sissetulev allkirjastatud"],
    ["the connection's id", "die Kennung der Verbindung", "l’identifiant de la connexion", "el id de la conexión", "ühenduse tunnus"],
    ["what Pega calls the customer", "wie Pega den Kunden nennt", "comment Pega appelle le client", "cómo llama Pega al cliente", "kuidas Pega klienti nimetab"],
    ["the connection's JWT secret: both directions are signed with it", "das JWT-Geheimnis der Verbindung: Damit sind beide Richtungen signiert", "le secret JWT de la connexion : il signe les deux sens", "el secreto JWT de la conexión: con él se firman ambos sentidos", "ühenduse JWT saladus: sellega on mõlemad suunad allkirjastatud"],
    ["the agent's id", "die Kennung des Agents", "l’identifiant de l’agent", "el id del agente", "agendi tunnus"],
    ["the service account's address", "die Adresse des Dienstkontos", "l’adresse du compte de service", "la dirección de la cuenta de servicio", "teenusekonto aadress"],
    ["the service account's key id", "die Schlüsselkennung des Dienstkontos", "l’identifiant de clé du compte de service", "el id de clave de la cuenta de servicio", "teenusekonto võtme tunnus"],
    ["for how long Google keeps trying at most; what a message says may end sooner, and is not tried longer", "wie lange Google es höchstens versucht; was eine Nachricht sagt, kann früher enden und wird nicht länger versucht", "combien de temps Google essaie au plus ; ce que dit un message peut finir plus tôt, et n’est pas tenté au-delà", "cuánto lo intenta Google como máximo; lo que dice un mensaje puede acabar antes, y no se intenta más tiempo", "kui kaua Google kõige rohkem proovib; sõnumi sisu võib lõppeda varem ja kauem ei proovita"],
    ["the service account's private key, PEM", "der private Schlüssel des Dienstkontos, PEM", "la clé privée du compte de service, PEM", "la clave privada de la cuenta de servicio, PEM", "teenusekonto privaatvõti, PEM"],
    ["the webhook's client token: what comes in is signed with it", "das Client-Token des Webhooks: Damit ist signiert, was hereinkommt", "le jeton client du webhook : il signe ce qui arrive", "el token de cliente del webhook: con él se firma lo que llega", "veebihaagi kliendi tõend: sellega on sissetulev allkirjastatud"],
    ["where the app lies", "wo die App liegt", "où se trouve l’application", "dónde está la app", "kus rakendus asub"],
    ["the project's id", "die Kennung des Projekts", "l’identifiant du projet", "el id del proyecto", "projekti tunnus"],
    ["the app's id", "die Kennung der App", "l’identifiant de l’application", "el id de la app", "rakenduse tunnus"],
    ["by which of Sinch's channels", "über welchen Kanal von Sinch", "par quel canal de Sinch", "por cuál de los canales de Sinch", "millise Sinchi kanaliga"],
    ["where tokens are given out, if elsewhere than the region says", "wo Tokens ausgegeben werden, falls woanders, als die Region sagt", "où les jetons sont délivrés, si ce n’est pas là où le dit la région", "dónde se emiten los tokens, si no es donde dice la región", "kus tõendeid väljastatakse, kui mitte seal, kus ütleb piirkond"],
    ["the access key's secret", "das Geheimnis des Zugriffsschlüssels", "le secret de la clé d’accès", "el secreto de la clave de acceso", "pääsuvõtme saladus"],
    ["the webhook's secret: what comes in is signed with it", "das Geheimnis des Webhooks: Damit ist signiert, was hereinkommt", "le secret du webhook : il signe ce qui arrive", "el secreto del webhook: con él se firma lo que llega", "veebihaagi saladus: sellega on sissetulev allkirjastatud"],
    ["the bot's token, which begins with xoxb-", "das Token des Bots, beginnt mit xoxb-", "le jeton du robot, qui commence par xoxb-", "el token del bot, que empieza por xoxb-", "boti tõend, mis algab xoxb-"],
    ["the app's signing secret: what comes in is signed with it", "das Signaturgeheimnis der App: Damit ist signiert, was hereinkommt", "le secret de signature de l’application : il signe ce qui arrive", "el secreto de firma de la app: con él se firma lo que llega", "rakenduse allkirjasaladus: sellega on sissetulev allkirjastatud"],
    ["signs what leaves: whsec_ and base64 of 24 to 64 bytes", "signiert, was hinausgeht: whsec_ und 24 bis 64 Bytes in base64", "signe ce qui part : whsec_ et 24 à 64 octets en base64", "firma lo que sale: whsec_ y de 24 a 64 bytes en base64", "allkirjastab väljamineva: whsec_ ja 24 kuni 64 baiti base64-kujul"],
    ["signs what comes in: whsec_ and base64 of 24 to 64 bytes", "signiert, was hereinkommt: whsec_ und 24 bis 64 Bytes in base64", "signe ce qui arrive : whsec_ et 24 à 64 octets en base64", "firma lo que llega: whsec_ y de 24 a 64 bytes en base64", "allkirjastab sissetuleva: whsec_ ja 24 kuni 64 baiti base64-kujul"],
    ["verifies what comes in: whpk_ and base64 of an Ed25519 public key", "prüft, was hereinkommt: whpk_ und ein öffentlicher Ed25519-Schlüssel in base64", "vérifie ce qui arrive : whpk_ et une clé publique Ed25519 en base64", "verifica lo que llega: whpk_ y una clave pública Ed25519 en base64", "kontrollib sissetulevat: whpk_ ja Ed25519 avalik võti base64-kujul"],
    ["the bot's name, without @: links back into the chat need it", "der Name des Bots ohne @: Links zurück in den Chat brauchen ihn", "le nom du robot, sans @ : les liens de retour en ont besoin", "el nombre del bot, sin @: lo necesitan los enlaces de vuelta al chat", "boti nimi ilma märgita @: lingid tagasi vestlusse vajavad seda"],
    ["what the button that copies a code says", "was auf der Schaltfläche steht, die einen Code kopiert", "ce que dit le bouton qui copie un code", "lo que dice el botón que copia un código", "mida koodi kopeeriv nupp ütleb"],
    ["the bot's token, as BotFather gives it", "das Token des Bots, wie BotFather es gibt", "le jeton du robot, tel que BotFather le donne", "el token del bot, como lo da BotFather", "boti tõend, nagu BotFather selle annab"],
    ["what setWebhook was given as secret_token", "was setWebhook als secret_token bekam", "ce que setWebhook a reçu comme secret_token", "lo que setWebhook recibió como secret_token", "mis anti setWebhook-ile kui secret_token"],
    ["the account's id, which begins with AC", "die Kennung des Kontos, beginnt mit AC", "l’identifiant du compte, qui commence par AC", "el id de la cuenta, que empieza por AC", "konto tunnus, mis algab AC"],
    ["an API key's id, which begins with SK; requests then go under it and `api_key_secret`", "die Kennung eines API-Schlüssels, beginnt mit SK; Anfragen gehen dann unter ihr und `api_key_secret`", "l’identifiant d’une clé d’API, qui commence par SK ; les requêtes partent alors sous elle et `api_key_secret`", "el id de una clave de API, que empieza por SK; las peticiones van entonces con él y `api_key_secret`", "API võtme tunnus, mis algab SK; päringud lähevad siis selle ja väljaga `api_key_secret`"],
    ["the number that messages come from, or a sender's name", "die Nummer, von der Nachrichten kommen, oder ein Absendername", "le numéro d’où viennent les messages, ou un nom d’expéditeur", "el número del que vienen los mensajes, o un nombre de remitente", "number, millelt sõnumid tulevad, või saatja nimi"],
    ["the messaging service, which begins with MG, that chooses the number", "der Messaging-Dienst, beginnt mit MG, der die Nummer wählt", "le service de messagerie, qui commence par MG et choisit le numéro", "el servicio de mensajería, que empieza por MG y elige el número", "sõnumiteenus, mis algab MG ja valib numbri"],
    ["the messaging service, which begins with MG, that chooses the sender", "der Messaging-Dienst, beginnt mit MG, der den Absender wählt", "le service de messagerie, qui commence par MG et choisit l’expéditeur", "el servicio de mensajería, que empieza por MG y elige el remitente", "sõnumiteenus, mis algab MG ja valib saatja"],
    ["where Twilio tells what became of messages: this gateway's /in address of the channel", "wohin Twilio meldet, was aus Nachrichten wurde: die /in-Adresse des Kanals an diesem Gateway", "où Twilio dit ce que sont devenus les messages : l’adresse /in du canal sur cette passerelle", "adónde dice Twilio qué fue de los mensajes: la dirección /in del canal en esta pasarela", "kuhu Twilio ütleb, mis sõnumitest sai: kanali /in-aadress selles lüüsis"],
    ["for how many seconds Twilio keeps trying at most; what a message says may end sooner, and is not tried longer", "wie viele Sekunden Twilio es höchstens versucht; was eine Nachricht sagt, kann früher enden und wird nicht länger versucht", "pendant combien de secondes Twilio essaie au plus ; ce que dit un message peut finir plus tôt, et n’est pas tenté au-delà", "cuántos segundos lo intenta Twilio como máximo; lo que dice un mensaje puede acabar antes, y no se intenta más tiempo", "mitu sekundit Twilio kõige rohkem proovib; sõnumi sisu võib lõppeda varem ja kauem ei proovita"],
    ["the account's primary auth token; what comes in is signed with it", "das primäre Auth-Token des Kontos; damit ist signiert, was hereinkommt", "le jeton d’authentification principal du compte ; il signe ce qui arrive", "el token de autenticación principal de la cuenta; con él se firma lo que llega", "konto peamine autentimistõend; sellega on sissetulev allkirjastatud"],
    ["the secret of `api_key_sid`", "das Geheimnis zu `api_key_sid`", "le secret de `api_key_sid`", "el secreto de `api_key_sid`", "välja `api_key_sid` saladus"],
    ["the WhatsApp sender's number", "die Nummer des WhatsApp-Absenders", "le numéro de l’expéditeur WhatsApp", "el número del remitente de WhatsApp", "WhatsAppi saatja number"],
    ["the content template, which begins with HX, of the category authentication, whose {{1}} is the code", "die Inhaltsvorlage, beginnt mit HX, der Kategorie „authentication“, deren {{1}} der Code ist", "le modèle de contenu, qui commence par HX, de la catégorie « authentication », dont {{1}} est le code", "la plantilla de contenido, que empieza por HX, de la categoría «authentication», cuyo {{1}} es el código", "sisumall, mis algab HX, kategooriast „authentication“, mille {{1}} on kood"],
    ["the content template, which begins with HX, whose button's URL is `link_base` followed by {{1}}", "die Inhaltsvorlage, beginnt mit HX, deren Schaltfläche zu `link_base` und danach {{1}} führt", "le modèle de contenu, qui commence par HX, dont le bouton mène à `link_base` suivi de {{1}}", "la plantilla de contenido, que empieza por HX, cuyo botón lleva a `link_base` seguido de {{1}}", "sisumall, mis algab HX ja mille nupu aadress on `link_base` ja selle järel {{1}}"],
    ["what the URL of `link_template`'s button begins with: https://PUBLIC-URL/", "womit die Adresse der Schaltfläche von `link_template` beginnt: https://PUBLIC-URL/", "par quoi commence l’adresse du bouton de `link_template` : https://PUBLIC-URL/", "con qué empieza la dirección del botón de `link_template`: https://PUBLIC-URL/", "millega algab malli `link_template` nupu aadress: https://PUBLIC-URL/"],
    ["by which of Vonage's channels", "über welchen Kanal von Vonage", "par quel canal de Vonage", "por cuál de los canales de Vonage", "millise Vonage’i kanaliga"],
    ["the number, sender name or id that messages come from, without +", "die Nummer, der Absendername oder die Kennung, von der Nachrichten kommen, ohne +", "le numéro, le nom d’expéditeur ou l’identifiant d’où viennent les messages, sans +", "el número, nombre de remitente o id del que vienen los mensajes, sin +", "number, saatja nimi või tunnus, millelt sõnumid tulevad, ilma märgita +"],
    ["the application that `private_key` belongs to", "die Anwendung, zu der `private_key` gehört", "l’application à laquelle appartient `private_key`", "la aplicación a la que pertenece `private_key`", "rakendus, mille oma on `private_key`"],
    ["the account's API key, where requests go under it and `api_secret`", "der API-Schlüssel des Kontos, wo Anfragen unter ihm und `api_secret` gehen", "la clé d’API du compte, si les requêtes partent sous elle et `api_secret`", "la clave de API de la cuenta, si las peticiones van con ella y `api_secret`", "konto API võti, kui päringud lähevad selle ja väljaga `api_secret`"],
    ["the application's private key, PEM", "der private Schlüssel der Anwendung, PEM", "la clé privée de l’application, PEM", "la clave privada de la aplicación, PEM", "rakenduse privaatvõti, PEM"],
    ["the secret of `api_key`", "das Geheimnis zu `api_key`", "le secret de `api_key`", "el secreto de `api_key`", "välja `api_key` saladus"],
    ["the account's signature secret: what comes in is signed with it", "das Signaturgeheimnis des Kontos: Damit ist signiert, was hereinkommt", "le secret de signature du compte : il signe ce qui arrive", "el secreto de firma de la cuenta: con él se firma lo que llega", "konto allkirjasaladus: sellega on sissetulev allkirjastatud"],
    ["the sending number's id, as Meta's console shows it", "die Kennung der sendenden Nummer, wie Metas Konsole sie zeigt", "l’identifiant du numéro d’envoi, tel que la console de Meta l’affiche", "el id del número remitente, como lo muestra la consola de Meta", "saatva numbri tunnus, nagu Meta konsool seda näitab"],
    ["the sending number: links back into the chat need it", "die sendende Nummer: Links zurück in den Chat brauchen sie", "le numéro d’envoi : les liens de retour en ont besoin", "el número remitente: lo necesitan los enlaces de vuelta al chat", "saatev number: lingid tagasi vestlusse vajavad seda"],
    ["the template of the category authentication for codes", "die Vorlage der Kategorie „authentication“ für Codes", "le modèle de la catégorie « authentication » pour les codes", "la plantilla de la categoría «authentication» para códigos", "kategooria „authentication“ mall koodidele"],
    ["the template of the category utility for links, whose button's URL is `link_base` followed by {{1}}", "die Vorlage der Kategorie „utility“ für Links, deren Schaltfläche zu `link_base` und danach {{1}} führt", "le modèle de la catégorie « utility » pour les liens, dont le bouton mène à `link_base` suivi de {{1}}", "la plantilla de la categoría «utility» para enlaces, cuyo botón lleva a `link_base` seguido de {{1}}", "kategooria „utility“ mall linkidele, mille nupu aadress on `link_base` ja selle järel {{1}}"],
    ["the templates' language", "die Sprache der Vorlagen", "la langue des modèles", "el idioma de las plantillas", "mallide keel"],
    ["a system user's permanent token", "das dauerhafte Token eines Systembenutzers", "le jeton permanent d’un utilisateur système", "el token permanente de un usuario de sistema", "süsteemikasutaja püsiv tõend"],
    ["Mail (SMTP)", "E-Mail (SMTP)", "E-mail (SMTP)", "Correo (SMTP)", "E-post (SMTP)"],
    ["Web chat", "Webchat", "Chat web", "Chat web", "Veebivestlus"],
    ["Recorder", "Rekorder", "Enregistreur", "Registrador", "Salvesti"],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_found_by_itself_and_by_what_stands_round_a_name() {
        assert_eq!(asked("de", "the project's id").as_deref(), Some("die Kennung des Projekts"));
        let before = asked("fr", "the `app_secret` before, while it is being replaced");
        assert_eq!(before.as_deref(), Some("l’ancien `app_secret`, le temps de son remplacement"));
        assert_eq!(asked("de", "what the operator has made up"), None);
        assert_eq!(asked("tlh", "the project's id"), None);
    }

    #[test]
    fn every_sentence_stands_once_and_in_every_language() {
        let mut seen = std::collections::BTreeSet::new();
        for row in ROWS {
            assert!(seen.insert(row[0]), "{} stands twice", row[0]);
            for text in row {
                assert!(!text.trim().is_empty() && text.trim() == *text, "{}", row[0]);
                assert_eq!(text.matches('{').count(), row[0].matches('{').count(), "{text}");
                assert_eq!(text.matches('`').count(), row[0].matches('`').count(), "{text}");
            }
            assert!(row[1..].iter().all(|text| *text != row[0]), "{} is left in English", row[0]);
        }
    }
}
