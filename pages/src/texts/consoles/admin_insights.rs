//! What the page of insights says.
//!
//! Steps are called here what the API calls them.

use super::TextRow;

#[rustfmt::skip] // a text in all languages is one row
pub(super) const ROWS: &[TextRow] = &[
    ("insights.span", ["Time shown", "Zeitraum", "Période", "Período", "Ajavahemik"]),
    ("insights.day", ["24 hours", "24 Stunden", "24 heures", "24 horas", "24 tundi"]),
    ("insights.days", ["{days} days", "{days} Tage", "{days} jours", "{days} días", "{days} päeva"]),
    (
        "insights.median",
        [
            "Median time to authenticate",
            "Median bis zur Anmeldung",
            "Temps médian d’authentification",
            "Tiempo mediano de autenticación",
            "Tuvastamise mediaanaeg",
        ],
    ),
    ("insights.seconds", ["{n} s", "{n} s", "{n} s", "{n} s", "{n} s"]),
    ("insights.minutes", ["{n} min", "{n} min", "{n} min", "{n} min", "{n} min"]),
    ("insights.funnel.links", ["Login links", "Anmeldelinks", "Liens de connexion", "Enlaces de acceso", "Sisselogimislingid"]),
    ("insights.funnel.codes", ["Codes", "Codes", "Codes", "Códigos", "Koodid"]),
    ("insights.funnel.invitations", ["Invitations", "Einladungen", "Invitations", "Invitaciones", "Kutsed"]),
    ("insights.counts", ["Over time", "Im Verlauf", "Au fil du temps", "A lo largo del tiempo", "Ajas"]),
    ("insights.asked", ["Links and codes", "Links und Codes", "Liens et codes", "Enlaces y códigos", "Lingid ja koodid"]),
    ("insights.done", ["Authenticated", "Angemeldet", "Authentifiés", "Autenticados", "Tuvastatud"]),
    ("insights.table", ["As a table", "Als Tabelle", "En tableau", "Como tabla", "Tabelina"]),
    ("insights.when", ["When", "Wann", "Quand", "Cuándo", "Millal"]),
    ("insights.channels", ["By channel", "Nach Kanal", "Par canal", "Por canal", "Kanalite kaupa"]),
    ("insights.channel", ["Channel", "Kanal", "Canal", "Canal", "Kanal"]),
    (
        "insights.nothing",
        [
            "Nothing happened in this time.",
            "In dieser Zeit ist nichts geschehen.",
            "Rien ne s’est passé pendant cette période.",
            "No ocurrió nada en este período.",
            "Selle aja jooksul ei juhtunud midagi.",
        ],
    ),
    ("insights.csv", ["Download as CSV", "Als CSV herunterladen", "Télécharger en CSV", "Descargar como CSV", "Laadi alla CSV-na"]),
    (
        "insights.utc",
        [
            "Days and hours are those of UTC. What happened in the last second may be missing.",
            "Tage und Stunden sind die von UTC. Was in der letzten Sekunde geschah, kann fehlen.",
            "Les jours et les heures sont ceux d’UTC. La dernière seconde peut manquer.",
            "Los días y las horas son los de UTC. Puede faltar el último segundo.",
            "Päevad ja tunnid on UTC järgi. Viimase sekundi sündmused võivad puududa.",
        ],
    ),
    ("step.links_issued", ["Issued", "Ausgestellt", "Émis", "Emitidos", "Väljastatud"]),
    ("step.links_opened", ["Opened", "Geöffnet", "Ouverts", "Abiertos", "Avatud"]),
    ("step.logged_in", ["Logged in", "Eingeloggt", "Connectés", "Con sesión iniciada", "Sisse loginud"]),
    ("step.authenticated", ["Authenticated", "Angemeldet", "Authentifiés", "Autenticados", "Tuvastatud"]),
    ("step.invited", ["Invited", "Eingeladen", "Invités", "Invitados", "Kutsutud"]),
    ("step.arrived", ["Arrived", "Angekommen", "Arrivés", "Llegaron", "Saabunud"]),
    ("step.entered", ["Entered", "Eingetreten", "Entrés", "Entraron", "Sisenenud"]),
    ("step.codes_sent", ["Sent", "Gesendet", "Envoyés", "Enviados", "Saadetud"]),
    ("step.codes_delivered", ["Delivered", "Zugestellt", "Remis", "Entregados", "Kohale jõudnud"]),
    ("step.codes_answered", ["Answered", "Beantwortet", "Saisis", "Respondidos", "Vastatud"]),
    ("step.codes_wrong", ["Wrong codes", "Falsche Codes", "Codes erronés", "Códigos erróneos", "Valed koodid"]),
    ("step.codes_failed", ["Not delivered", "Nicht zustellbar", "Non remis", "No entregados", "Kohale jõudmata"]),
    ("step.lockouts", ["Lockouts", "Sperren", "Verrouillages", "Bloqueos", "Lukustused"]),
    ("step.bans", ["Bans", "Dauersperren", "Exclusions", "Vetos", "Keelud"]),
    ("step.reported", ["“This wasn’t me”", "„Das war ich nicht“", "« Ce n’était pas moi »", "«No fui yo»", "„See polnud mina“"]),
];
