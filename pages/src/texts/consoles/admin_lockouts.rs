//! What the page of lockouts and bans says: who is locked out in conversations, at accounts and of the
//! consoles, and what lifting it means.

use super::TextRow;

#[rustfmt::skip] // a text in all languages is one row
pub(super) const ROWS: &[TextRow] = &[
    ("lockouts.lead", ["Who gave too many wrong answers. A lock ends by itself; a ban stays until an admin lifts it.", "Wer zu viele falsche Antworten gab. Eine Sperre endet von selbst; ein Ausschluss bleibt, bis ein Admin ihn aufhebt.", "Qui a donné trop de mauvaises réponses. Un verrouillage se lève seul ; un bannissement reste jusqu’à ce qu’un administrateur le lève.", "Quien dio demasiadas respuestas erróneas. Un bloqueo termina solo; un veto sigue hasta que un administrador lo levanta.", "Kes andis liiga palju valesid vastuseid. Lukustus lõpeb ise; keeld kestab, kuni administraator selle tühistab."]),
    ("lockouts.people", ["In conversations", "In Gesprächen", "Dans les conversations", "En conversaciones", "Vestlustes"]),
    ("lockouts.people.none", ["Nobody is locked out in a conversation.", "In keinem Gespräch ist jemand gesperrt.", "Personne n’est verrouillé dans une conversation.", "Nadie está bloqueado en una conversación.", "Üheski vestluses pole keegi lukus."]),
    ("lockouts.people.further", ["Nobody is locked out in what was looked at here. There is more.", "In dem, was hier durchsucht wurde, ist niemand gesperrt. Es gibt noch mehr.", "Personne n’est verrouillé dans ce qui a été parcouru ici. Il y en a d’autre.", "En lo que se ha mirado aquí no hay nadie bloqueado. Hay más.", "Siin läbi vaadatud osas pole keegi lukus. On veel."]),
    ("lockouts.who", ["Who", "Wer", "Qui", "Quién", "Kes"]),
    ("lockouts.where", ["Channel", "Kanal", "Canal", "Canal", "Kanal"]),
    ("lockouts.state", ["State", "Zustand", "État", "Estado", "Olek"]),
    ("lockouts.by", ["Because of", "Wegen", "À cause de", "Por", "Põhjus"]),
    ("lockouts.since", ["Since", "Seit", "Depuis", "Desde", "Alates"]),
    ("lockouts.act", ["Lift", "Aufheben", "Lever", "Levantar", "Tühista"]),
    ("lockouts.locked", ["Locked", "Gesperrt", "Verrouillé", "Bloqueado", "Lukus"]),
    ("lockouts.banned", ["Banned", "Ausgeschlossen", "Banni", "Vetado", "Keelatud"]),
    ("lockouts.until", ["until", "bis", "jusqu’à", "hasta", "kuni"]),
    ("lockouts.count", ["lockouts so far: {n}", "bisherige Sperren: {n}", "verrouillages jusqu’ici : {n}", "bloqueos hasta ahora: {n}", "lukustusi seni: {n}"]),
    ("lockouts.failure_limit", ["wrong answers over all addresses", "falsche Antworten über alle Adressen", "mauvaises réponses sur toutes les adresses", "respuestas erróneas en todas las direcciones", "valed vastused kõigil aadressidel kokku"]),
    ("lockouts.reason", ["Why is it lifted?", "Warum wird aufgehoben?", "Pourquoi lever ?", "¿Por qué se levanta?", "Miks tühistada?"]),
    ("lockouts.reason.hint", ["Why one is lifted stands in the audit trail: no names, please.", "Warum eine aufgehoben wird, steht im Prüfprotokoll: bitte keine Namen.", "La raison d’une levée figure dans le journal d’audit : pas de noms, s’il vous plaît.", "El motivo por el que se levanta consta en el registro de auditoría: sin nombres, por favor.", "Miks lukk avatakse, jääb auditijälge: palun ilma nimedeta."]),
    ("lockouts.unlock", ["Unlock", "Entsperren", "Déverrouiller", "Desbloquear", "Ava lukk"]),
    ("lockouts.unban", ["Lift the ban", "Ausschluss aufheben", "Lever le bannissement", "Levantar el veto", "Tühista keeld"]),
    ("lockouts.accounts", ["Customers’ accounts", "Kundenkonten", "Comptes clients", "Cuentas de clientes", "Kliendikontod"]),
    ("lockouts.accounts.none", ["No account is locked.", "Kein Konto ist gesperrt.", "Aucun compte n’est verrouillé.", "Ninguna cuenta está bloqueada.", "Ükski konto pole lukus."]),
    ("lockouts.account", ["Account", "Konto", "Compte", "Cuenta", "Konto"]),
    ("lockouts.users", ["Console users", "Konsolenbenutzer", "Utilisateurs des consoles", "Usuarios de las consolas", "Konsoolide kasutajad"]),
    ("lockouts.users.none", ["No user is locked.", "Kein Benutzer ist gesperrt.", "Aucun utilisateur n’est verrouillé.", "Ningún usuario está bloqueado.", "Ükski kasutaja pole lukus."]),
    ("lockouts.older", ["More of them", "Weitere", "Suite de la liste", "Más resultados", "Näita veel"]),
    ("lockouts.newest", ["Back to the first", "Zurück zum Anfang", "Revenir au début", "Volver al principio", "Tagasi algusesse"]),
    ("lockouts.erased", ["The conversation was erased", "Das Gespräch wurde gelöscht", "La conversation a été effacée", "La conversación se borró", "Vestlus on kustutatud"]),
];
