//! What the page of channels says.
//!
//! Abilities are called here what the gateway calls them.

use super::Row;

#[rustfmt::skip] // a text in all languages is one row
pub(super) const ROWS: &[Row] = &[
    ("channels.lead", ["The team’s accounts on chat platforms: what messages go over. Codes go by phone over “sms” and by mail over “email”.", "Die Konten des Teams auf Chat-Plattformen: worüber Nachrichten gehen. Codes gehen per Telefon über „sms“, per Mail über „email“.", "Les comptes de l’équipe sur les plateformes : ce par quoi passent les messages. Les codes passent par « sms » au téléphone et par « email » en courriel.", "Las cuentas del equipo en las plataformas: por dónde van los mensajes. Los códigos van por «sms» al teléfono y por «email» al correo.", "Meeskonna kontod vestlusplatvormidel: mille kaudu sõnumid lähevad. Koodid lähevad telefonile kanaliga „sms“ ja e-postile kanaliga „email“."]),
    ("channels.none", ["No channel yet: nothing can be sent.", "Noch kein Kanal: Es kann nichts gesendet werden.", "Aucun canal : rien ne peut être envoyé.", "Aún no hay canales: no se puede enviar nada.", "Veel pole ühtegi kanalit: midagi ei saa saata."]),
    ("channels.up", ["Messages go", "Nachrichten gehen", "Les messages partent", "Los mensajes salen", "Sõnumid lähevad"]),
    ("channels.down", ["Nothing goes over it", "Es geht nichts hinaus", "Rien ne passe", "No sale nada", "Midagi ei lähe läbi"]),
    ("channels.unusable", ["The account does not fit the platform", "Das Konto passt nicht zur Plattform", "Le compte ne convient pas à la plateforme", "La cuenta no encaja con la plataforma", "Konto ei sobi platvormiga"]),
    ("channels.can.initiate", ["writes first", "schreibt zuerst", "écrit en premier", "escribe primero", "kirjutab esimesena"]),
    ("channels.can.link", ["links as buttons", "Links als Schaltflächen", "liens en boutons", "enlaces como botones", "lingid nuppudena"]),
    ("channels.can.code", ["codes in a form of their own", "Codes in eigener Form", "codes sous leur propre forme", "códigos con forma propia", "koodid omal kujul"]),
    ("channels.can.hears", ["hears what is written", "hört, was geschrieben wird", "entend ce qui s’écrit", "oye lo que se escribe", "kuuleb, mida kirjutatakse"]),
    ("channels.can.receipts", ["says what arrived", "sagt, was ankam", "dit ce qui est arrivé", "dice lo que llegó", "ütleb, mis jõudis kohale"]),
    ("channels.can.account_link", ["proves whose browser logged in", "weist nach, wessen Browser sich anmeldete", "prouve de qui est le navigateur connecté", "prueba de quién es el navegador", "tõendab, kelle brauser sisse logis"]),
    ("channels.can.return_link", ["writes a code into the chat by a link", "schreibt per Link einen Code in den Chat", "écrit un code dans la discussion par un lien", "escribe un código en el chat con un enlace", "kirjutab lingiga koodi vestlusse"]),
    ("channels.can.retracts", ["takes codes out of the chat", "nimmt Codes aus dem Chat", "retire les codes de la discussion", "quita códigos del chat", "võtab koodid vestlusest välja"]),
    ("channels.can.shows_standing", ["shows agents there who was proved", "zeigt Agenten dort, wer bestätigt ist", "montre là-bas aux agents qui est vérifié", "muestra allí a los agentes quién está verificado", "näitab sealsetele klienditeenindajatele, kes on kinnitatud"]),
    ("channels.window", ["freely for {n} hours after the person’s last words", "frei {n} Stunden nach den letzten Worten der Person", "librement {n} heures après les derniers mots de la personne", "libremente {n} horas tras las últimas palabras de la persona", "vabalt {n} tundi pärast inimese viimaseid sõnu"]),
    ("channels.test", ["Send a test message", "Testnachricht senden", "Envoyer un message d’essai", "Enviar un mensaje de prueba", "Saada proovisõnum"]),
    ("channels.test.to", ["To: a number, an address or the platform’s own id", "An: Nummer, Adresse oder Kennung der Plattform", "À : un numéro, une adresse ou l’identifiant de la plateforme", "A: un número, una dirección o el id de la plataforma", "Kellele: number, aadress või platvormi tunnus"]),
    ("channels.test.result", ["What became of it:", "Ergebnis:", "Résultat :", "Resultado:", "Tulemus:"]),
    ("channels.became.sent", ["It was sent.", "Sie wurde gesendet.", "Il est parti.", "Se ha enviado.", "See saadeti."]),
    ("channels.became.failed", ["It could not be sent.", "Sie konnte nicht gesendet werden.", "L’envoi a échoué.", "No se ha podido enviar.", "Seda ei saanud saata."]),
    ("channels.became.busy", ["The platform takes no more for now.", "Die Plattform nimmt gerade nichts mehr an.", "La plateforme ne prend plus rien pour l’instant.", "La plataforma no admite más por ahora.", "Platvorm ei võta praegu rohkem vastu."]),
    ("channels.became.no-answer", ["The platform did not answer: it may have arrived.", "Die Plattform hat nicht geantwortet: Vielleicht kam sie an.", "La plateforme n’a pas répondu : il est peut-être arrivé.", "La plataforma no ha respondido: puede que haya llegado.", "Platvorm ei vastanud: võib-olla jõudis see kohale."]),
    ("channels.choose", ["Choose", "Auswählen", "Choisir", "Elegir", "Vali"]),
    ("channels.field.optional", ["may be empty", "darf leer sein", "peut rester vide", "puede quedar vacío", "võib olla tühi"]),
    ("channels.field.secret", ["is not shown again", "wird nicht wieder gezeigt", "n’est plus montré ensuite", "no se vuelve a mostrar", "seda rohkem ei näidata"]),
    ("channels.field.there", ["is there; empty: it stays", "vorhanden; leer: bleibt", "présent ; vide : il reste", "está; vacío: se queda", "on olemas; tühi: jääb alles"]),
    ("channels.tried", ["It was tried.", "Es wurde versucht.", "L’essai est fait.", "Se ha probado.", "Proovitud."]),
    ("channels.change", ["Account and secrets", "Konto und Geheimnisse", "Compte et secrets", "Cuenta y secretos", "Konto ja saladused"]),
    ("channels.account", ["Account", "Konto", "Compte", "Cuenta", "Konto"]),
    ("channels.account.hint", ["What the platform’s definition wants to know, as JSON.", "Was die Definition der Plattform wissen will, als JSON.", "Ce que la définition de la plateforme veut savoir, en JSON.", "Lo que la definición de la plataforma quiere saber, en JSON.", "Mida platvormi definitsioon teada tahab, JSON-ina."]),
    ("channels.secrets", ["Secrets", "Geheimnisse", "Secrets", "Secretos", "Saladused"]),
    ("channels.secrets.there", ["There are:", "Vorhanden:", "Présents :", "Hay:", "Olemas:"]),
    ("channels.secrets.hint", ["Keys and passwords by name, as JSON. Empty: those that are there stay.", "Schlüssel und Passwörter nach Namen, als JSON. Leer: Die vorhandenen bleiben.", "Clés et mots de passe par nom, en JSON. Vide : ceux qui existent restent.", "Claves y contraseñas por nombre, en JSON. Vacío: se quedan las que hay.", "Võtmed ja paroolid nime järgi, JSON-ina. Tühi: olemasolevad jäävad."]),
    ("channels.secret", ["The secret under which messages are passed on, shown this once", "Das Geheimnis für weitergegebene Nachrichten, nur dieses eine Mal gezeigt", "Le secret des messages transmis, affiché cette seule fois", "El secreto de los mensajes reenviados, mostrado solo esta vez", "Edastatavate sõnumite saladus, näidatud vaid see kord"]),
    ("channels.secret.text", ["Your bot verifies with it what the gateway passes on. Without a forward address it is not needed.", "Ihr Bot prüft damit, was das Gateway weitergibt. Ohne Weitergabeadresse wird es nicht gebraucht.", "Votre robot vérifie avec lui ce que la passerelle transmet. Sans adresse de transmission, il est inutile.", "Su bot verifica con él lo que reenvía la pasarela. Sin dirección de reenvío no hace falta.", "Sellega kontrollib bot, mida lüüs edastab. Ilma edastusaadressita pole seda vaja."]),
    ("channels.rotate", ["Make another secret for forwarding", "Neues Weitergabegeheimnis", "Créer un autre secret de transmission", "Crear otro secreto de reenvío", "Tee uus edastussaladus"]),
    ("channels.remove.ask", ["Nothing goes over {name} any more; what waits goes by the team’s next way.", "Über {name} geht nichts mehr; was wartet, nimmt den nächsten Weg des Teams.", "Plus rien ne passe par {name} ; ce qui attend prend la voie suivante de l’équipe.", "Ya no sale nada por {name}; lo que espera va por la siguiente vía del equipo.", "Kanali {name} kaudu ei lähe enam midagi; ootel sõnumid lähevad meeskonna järgmist teed."]),
    ("channels.make", ["Add a channel", "Kanal hinzufügen", "Ajouter un canal", "Añadir un canal", "Lisa kanal"]),
    ("channels.platform", ["Platform", "Plattform", "Plateforme", "Plataforma", "Platvorm"]),
    ("channels.name.hint", ["“sms” and “email” carry codes; any other is named as the conversations’ channel.", "„sms“ und „email“ tragen Codes; jeder andere heißt wie der Kanal der Gespräche.", "« sms » et « email » portent les codes ; tout autre porte le nom du canal des conversations.", "«sms» y «email» llevan códigos; cualquier otro se llama como el canal de las conversaciones.", "„sms“ ja „email“ kannavad koode; iga muu kannab vestluste kanali nime."]),
];
