//! What happened in a conversation, in plain words: one text for each kind of event. A kind without words
//! reads as its own name.

use super::Row;

#[rustfmt::skip] // a text in all languages is one row
pub(super) const ROWS: &[Row] = &[
    ("js.on.interaction.opened", ["The conversation began", "Das Gespräch begann", "La conversation a commencé", "Empezó la conversación", "Vestlus algas"]),
    ("js.on.interaction.closed", ["The conversation ended", "Das Gespräch endete", "La conversation s’est terminée", "Terminó la conversación", "Vestlus lõppes"]),
    ("js.on.participant.added", ["Somebody was added", "Jemand kam dazu", "Quelqu’un a été ajouté", "Se añadió a alguien", "Keegi lisati"]),
    ("js.on.participant.entered", ["Came in", "Ist eingetreten", "Est entré", "Entró", "Sisenes"]),
    ("js.on.participant.offline", ["Went away", "Ging weg", "S’est absenté", "Se ausentó", "Läks eemale"]),
    ("js.on.participant.reassigned", ["Another person took the place", "Eine andere Person nahm den Platz ein", "Une autre personne a pris la place", "Otra persona ocupó el lugar", "Kohale tuli teine inimene"]),
    ("js.on.link.issued", ["A login link was made", "Ein Anmeldelink wurde erstellt", "Un lien de connexion a été créé", "Se creó un enlace de acceso", "Sisselogimislink loodi"]),
    ("js.on.link.sent", ["The link was sent", "Der Link wurde gesendet", "Le lien a été envoyé", "Se envió el enlace", "Link saadeti"]),
    ("js.on.link.delivery_failed", ["The link could not be sent", "Der Link konnte nicht gesendet werden", "Le lien n’a pas pu être envoyé", "No se pudo enviar el enlace", "Linki ei saanud saata"]),
    ("js.on.link.opened", ["The link was opened", "Der Link wurde geöffnet", "Le lien a été ouvert", "Se abrió el enlace", "Link avati"]),
    ("js.on.link.expired", ["The link ran out", "Der Link lief ab", "Le lien a expiré", "Caducó el enlace", "Link aegus"]),
    ("js.on.link.superseded", ["A newer link took its place", "Ein neuerer Link trat an seine Stelle", "Un lien plus récent l’a remplacé", "Lo sustituyó un enlace nuevo", "Uuem link asendas selle"]),
    ("js.on.link.denied", ["The login page refused", "Die Anmeldeseite lehnte ab", "La page de connexion a refusé", "La página de acceso rechazó", "Sisselogimisleht keeldus"]),
    ("js.on.link.cancelled", ["The login was given up", "Die Anmeldung wurde abgebrochen", "La connexion a été abandonnée", "Se abandonó el acceso", "Sisselogimisest loobuti"]),
    ("js.on.link.reported", ["“This wasn’t me” was pressed", "„Das war ich nicht“ wurde gedrückt", "« Ce n’était pas moi » a été pressé", "Se pulsó «No fui yo»", "Vajutati „See polnud mina“"]),
    ("js.on.confirmation.wrong", ["A wrong confirmation code came", "Ein falscher Bestätigungscode kam", "Un faux code de confirmation est arrivé", "Llegó un código de confirmación erróneo", "Tuli vale kinnituskood"]),
    ("js.on.confirmation.expired", ["The confirmation code ran out", "Der Bestätigungscode lief ab", "Le code de confirmation a expiré", "Caducó el código de confirmación", "Kinnituskood aegus"]),
    ("js.on.challenge.started", ["A code or PIN was asked for", "Ein Code oder eine PIN wurde verlangt", "Un code ou un PIN a été demandé", "Se pidió un código o un PIN", "Küsiti koodi või PIN-i"]),
    ("js.on.challenge.presented", ["The code page was opened", "Die Code-Seite wurde geöffnet", "La page du code a été ouverte", "Se abrió la página del código", "Koodileht avati"]),
    ("js.on.challenge.sent", ["The code was sent", "Der Code wurde gesendet", "Le code a été envoyé", "Se envió el código", "Kood saadeti"]),
    ("js.on.challenge.delivery_failed", ["The code could not be sent", "Der Code konnte nicht gesendet werden", "Le code n’a pas pu être envoyé", "No se pudo enviar el código", "Koodi ei saanud saata"]),
    ("js.on.challenge.revealed", ["An agent looked at the code", "Ein Agent sah den Code an", "Un agent a regardé le code", "Un agente miró el código", "Klienditeenindaja vaatas koodi"]),
    ("js.on.challenge.undecided", ["A document could not be checked: it does not count", "Ein Dokument konnte nicht geprüft werden: das zählt nicht", "Un document n’a pas pu être contrôlé : cela ne compte pas", "No se pudo comprobar un documento: no cuenta", "Dokumenti ei saanud kontrollida: see ei lähe arvesse"]),
    ("js.on.challenge.wrong", ["A wrong answer", "Eine falsche Antwort", "Une mauvaise réponse", "Una respuesta errónea", "Vale vastus"]),
    ("js.on.challenge.passed", ["The right answer", "Die richtige Antwort", "La bonne réponse", "La respuesta correcta", "Õige vastus"]),
    ("js.on.challenge.expired", ["The code ran out", "Der Code lief ab", "Le code a expiré", "Caducó el código", "Kood aegus"]),
    ("js.on.challenge.cancelled", ["The code was taken back", "Der Code wurde zurückgenommen", "Le code a été annulé", "Se anuló el código", "Kood võeti tagasi"]),
    ("js.on.participant.authenticated", ["Verified", "Bestätigt", "Vérifié", "Verificado", "Kinnitatud"]),
    ("js.on.participant.expiring", ["Verification ends in a minute", "Die Bestätigung endet in einer Minute", "La vérification finit dans une minute", "La verificación termina en un minuto", "Kinnitus lõpeb minuti pärast"]),
    ("js.on.participant.expired", ["Verification ended", "Die Bestätigung endete", "La vérification a pris fin", "Terminó la verificación", "Kinnitus lõppes"]),
    ("js.on.participant.signed_out", ["Verification was taken away", "Die Bestätigung wurde aufgehoben", "La vérification a été retirée", "Se retiró la verificación", "Kinnitus tühistati"]),
    ("js.on.participant.locked", ["Locked after failed attempts", "Nach erfolglosen Versuchen gesperrt", "Verrouillé après des tentatives sans succès", "Bloqueado tras intentos sin éxito", "Lukustati ebaõnnestunud katsete tõttu"]),
    ("js.on.participant.unlocked", ["Unlocked", "Entsperrt", "Déverrouillé", "Desbloqueado", "Lukk avati"]),
    ("js.on.participant.banned", ["Banned after too many lockouts", "Nach zu vielen Sperren ausgeschlossen", "Banni après trop de verrouillages", "Vetado tras demasiados bloqueos", "Keelati liiga paljude lukustuste tõttu"]),
    ("js.on.participant.unbanned", ["The ban was lifted", "Der Ausschluss wurde aufgehoben", "Le bannissement a été levé", "Se levantó el veto", "Keeld tühistati"]),
    ("js.on.intent.resumed", ["The bot goes on with what was asked", "Der Bot macht mit dem Anliegen weiter", "Le robot poursuit la demande", "El bot sigue con lo pedido", "Bot jätkab palutuga"]),
];
