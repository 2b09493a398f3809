//! The words that every page of the admin console shares, and those of the page of all teams.
//! What a page says of its own thing has a file of its own.

use super::TextRow;

#[rustfmt::skip] // a text in all languages is one row
pub(super) const ROWS: &[TextRow] = &[
    ("admin.crumbs", ["Where you are", "Wo Sie sind", "Où vous êtes", "Dónde está", "Kus sa oled"]),
    ("admin.sections", ["What there is to tend", "Was es zu pflegen gibt", "Ce qu’il y a à gérer", "Qué hay que gestionar", "Mida hallata"]),
    ("admin.noscript", ["You can read this page as it is. To change something it needs JavaScript.", "Sie können diese Seite so lesen. Um etwas zu ändern, braucht sie JavaScript.", "Vous pouvez lire cette page telle quelle. Pour changer quelque chose, il faut JavaScript.", "Puede leer esta página tal cual. Para cambiar algo hace falta JavaScript.", "Seda lehte saab nii lugeda. Muutmiseks on vaja JavaScripti."]),
    ("admin.section.teams", ["Teams", "Teams", "Équipes", "Equipos", "Meeskonnad"]),
    ("admin.section.system", ["System settings", "Systemeinstellungen", "Paramètres du système", "Ajustes del sistema", "Süsteemi seaded"]),
    ("admin.section.overview", ["Overview", "Überblick", "Aperçu", "Resumen", "Ülevaade"]),
    ("admin.section.settings", ["Settings", "Einstellungen", "Paramètres", "Ajustes", "Seaded"]),
    ("admin.section.keys", ["Keys", "Schlüssel", "Clés", "Claves", "Võtmed"]),
    ("admin.section.channels", ["Channels", "Kanäle", "Canaux", "Canales", "Kanalid"]),
    ("admin.section.screens", ["Opening screens", "Startbildschirme", "Écrans d’accueil", "Pantallas de inicio", "Avakuvad"]),
    ("admin.section.intents", ["Intents", "Anliegen", "Intentions", "Intenciones", "Soovid"]),
    ("admin.section.users", ["Users", "Benutzer", "Utilisateurs", "Usuarios", "Kasutajad"]),
    ("admin.section.lockouts", ["Lockouts", "Sperren", "Blocages", "Bloqueos", "Lukustused"]),
    ("admin.section.accounts", ["Customer accounts", "Kundenkonten", "Comptes clients", "Cuentas de clientes", "Kliendikontod"]),
    ("admin.section.webhooks", ["Webhooks", "Webhooks", "Webhooks", "Webhooks", "Veebihaagid"]),
    ("admin.section.audit", ["Audit trail", "Prüfprotokoll", "Journal d’audit", "Registro de auditoría", "Auditijälg"]),
    ("admin.section.insights", ["Insights", "Zahlen", "Statistiques", "Estadísticas", "Ülevaated"]),
    ("teams.none", ["Welcome. There is no team yet: a team is one group of people with its own settings, keys and channels. Make the first one, and this page will lead you to its first authenticated chat.", "Willkommen. Es gibt noch kein Team: Ein Team ist eine Gruppe mit eigenen Einstellungen, Schlüsseln und Kanälen. Legen Sie das erste an; danach werden Sie bis zum ersten bestätigten Chat geführt.", "Bienvenue. Il n’y a pas encore d’équipe : une équipe est un groupe avec ses propres paramètres, clés et canaux. Créez la première, et vous serez guidé jusqu’au premier chat authentifié.", "Bienvenido. Aún no hay ningún equipo: un equipo es un grupo con sus propios ajustes, claves y canales. Cree el primero y se le guiará hasta el primer chat autenticado.", "Tere tulemast. Meeskonda veel pole: meeskond on rühm oma seadete, võtmete ja kanalitega. Tee esimene ja sind juhatatakse esimese kinnitatud vestluseni."]),
    ("teams.system", ["what holds for every team", "was für jedes Team gilt", "ce qui vaut pour chaque équipe", "lo que vale para cada equipo", "mis kehtib igale meeskonnale"]),
    ("teams.make", ["Make a team", "Team anlegen", "Créer une équipe", "Crear un equipo", "Tee meeskond"]),
    ("teams.title", ["Title", "Titel", "Titre", "Título", "Pealkiri"]),
    ("teams.title.hint", ["What people call the team, such as “Customer service”.", "Wie das Team genannt wird, etwa „Kundenservice“.", "Le nom courant de l’équipe, par exemple « Service clients ».", "Cómo se llama al equipo, por ejemplo «Atención al cliente».", "Kuidas meeskonda kutsutakse, näiteks „Klienditeenindus“."]),
    ("teams.name", ["Name in addresses", "Name in Adressen", "Nom dans les adresses", "Nombre en las direcciones", "Nimi aadressides"]),
    ("teams.name.hint", ["Small letters, digits and hyphens. It stays as it is.", "Kleinbuchstaben, Ziffern und Bindestriche. Er bleibt, wie er ist.", "Minuscules, chiffres et traits d’union. Il ne change plus.", "Minúsculas, cifras y guiones. Ya no cambia.", "Väiketähed, numbrid ja sidekriipsud. Hiljem seda ei muudeta."]),
    ("js.saved", ["Saved.", "Gespeichert.", "Enregistré.", "Guardado.", "Salvestatud."]),
    ("js.unchanged", ["Nothing was changed, so nothing was sent.", "Nichts geändert, also nichts gesendet.", "Rien n’a changé : rien n’a été envoyé.", "No ha cambiado nada, así que no se ha enviado nada.", "Midagi ei muudetud, seega midagi ei saadetud."]),
    ("js.copied", ["Copied", "Kopiert", "Copié", "Copiado", "Kopeeritud"]),
    ("js.sure", ["Are you sure?", "Sind Sie sicher?", "Êtes-vous sûr ?", "¿Está seguro?", "Oled kindel?"]),
    ("js.keep", ["Cancel", "Abbrechen", "Annuler", "Cancelar", "Loobu"]),
    ("js.item", ["Entry {at}: {why}", "Eintrag {at}: {why}", "Ligne {at} : {why}", "Entrada {at}: {why}", "Kirje {at}: {why}"]),
    ("js.notjson", ["This is not JSON.", "Das ist kein JSON.", "Ce n’est pas du JSON.", "Esto no es JSON.", "See ei ole JSON."]),
    ("js.away", ["The gateway did not answer. It may or may not have been done: look before you try again.", "Das Gateway hat nicht geantwortet. Vielleicht wurde es getan: Sehen Sie nach, bevor Sie es noch einmal versuchen.", "La passerelle n’a pas répondu. Peut-être est-ce fait : vérifiez avant de réessayer.", "La pasarela no ha respondido. Puede que se haya hecho: compruébelo antes de repetir.", "Lüüs ei vastanud. Võib-olla see tehti: vaata järele, enne kui uuesti proovid."]),
    ("js.broken", ["Something on this page went wrong. Load it anew and look what was done.", "Auf dieser Seite ist etwas schiefgegangen. Laden Sie sie neu und sehen Sie nach, was getan wurde.", "Quelque chose s’est mal passé sur cette page. Rechargez-la et voyez ce qui a été fait.", "Algo ha fallado en esta página. Cárguela de nuevo y mire qué se ha hecho.", "Sellel lehel läks midagi valesti. Laadi see uuesti ja vaata, mis tehtud sai."]),
    ("js.signedout", ["You are signed out.", "Sie sind abgemeldet.", "Vous êtes déconnecté.", "Su sesión ha terminado.", "Oled välja logitud."]),
];
