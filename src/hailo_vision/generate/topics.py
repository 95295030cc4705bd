"""The table of words by which questions and tools are compared: stop words, and topics, in English and German."""

_STOP_WORDS = (
    "a about all also an and any are as at be but by can do does each else for from gives has have i if in into is "
    "it its me more my no not of one only or other our out see so some such than that the their them then there "
    "these they this to use used user users want wants was we what when where which who will with you your "
    "als am auch bei bitte das dass dem den der des die dir du ein eine einen einer er es fur ich ihr im in ist "
    "mein meine meinen meiner mir mit nach oder sich sie so soll um und uns vom von was welche wer wie wir zum zur"
)

# Words that stand in any sentence, and in any description of a tool.
STOP_WORDS = frozenset(_STOP_WORDS.split())

# Topics: words of one meaning in homes, and in what an assistant keeps: lists, notes, files, dates.
TOPICS = {
    "on": (
        "on an ein auf einschalten anschalten anmachen aktivieren enable activate open opens öffne öffnen lock "
        "verriegeln start starten press drücken"
    ),
    "off": (
        "off aus zu ab ausschalten abschalten deactivate disable close closes closed schließ schließen shut unlock "
        "entriegeln stop stops kill"
    ),
    "door": "door lock tür haustür hintertür wohnungstür kellertür terrassentür balkontür schloss",
    "cover": (
        "blind blinds curtain curtains shade shutter awning rollladen rollläden rollo jalousie vorhang vorhänge markise"
    ),
    "garage": "garage gate garagentor gartentor tor",
    "window": "window fenster",
    "tv": "tv television telly projector receiver fernseher beamer",
    "outlet": "outlet socket plug switch steckdose schalter",
    "light": "light lights lamp lamps lighting licht lichter lampe leuchte beleuchtung",
    "brightness": ("brightness bright brighter darker dim dimmen dimme hell heller dunkler helligkeit percent prozent"),
    "color": (
        "color colour red green blue yellow white pink orange purple farbe rot grün blau gelb weiß rosa lila bunt"
    ),
    "device": (
        "device devices entity machine appliance heater heating fan vacuum pump everything gerät geräte maschine "
        "heizung ventilator lüfter staubsauger alles schalte schalten mach turn switch"
    ),
    "state": (
        "state status value mode live sensor is are still currently how ist sind läuft laufen noch wie temperature "
        "temperatur warm kalt cold humidity feuchtigkeit battery akku weather wetter"
    ),
    "message": (
        "message broadcast announce announcement everyone everybody tell speaker sag sagen allen durchsage ansage "
        "lautsprecher ausrichten"
    ),
    "timer": "timer timers wecker countdown",
    "stop": "cancel cancelled stop stops abort brich abbrechen stoppe",
    "now": "now today date time day current clock heute jetzt datum uhr uhrzeit spät tag aktuell aktuelle",
    "timestamp": "timestamp unix zeitstempel",
    "ago": "ago last relative vor back days weeks months years tagen wochen monaten jahren",
    "list": "list lists checklist liste",
    "shopping": "shopping grocery groceries einkauf einkaufsliste todo",
    "add": "add adds put puts setze setzen hinzufügen füge",
    "done": (
        "done complete completes completed finished tick check bought mark marks erledigt fertig abhaken hake "
        "markiere gekauft"
    ),
    "remove": (
        "remove removes delete deletes erase drop take takes lösche löschen entferne entfernen streich streiche"
    ),
    "create": (
        "create creates make makes new write writes build anlegen lege erstelle erstellen neu neue mach schreib"
    ),
    "change": (
        "change changes update edit replace rename move modify reschedule ändere ändern ersetze ersetzen verschiebe "
        "verschieben umbenennen bearbeite"
    ),
    "search": "search searches find finds look query grep such suche suchen finde finden",
    "which": "list lists which welche",
    "view": ("view show shows read reads open get display full whole content zeig zeige lies lesen ganze inhalt öffne"),
    "note": "note notes memo notiz notizen notiere",
    "chat": "chat chats conversation conversations talk talked discussed messages unterhaltung gespräch gesprochen",
    "calendar": (
        "calendar event events appointment appointments meeting reminder remind kalender termin termine treffen "
        "verabredung erinnere erinnerung"
    ),
    "automation": "automation automations automate automatically automatisierung automatisch",
    "schedule": (
        "schedule scheduled every daily weekly hourly morning recurring jeden jede jedes täglich wöchentlich morgens"
    ),
    "task": "task tasks step steps aufgabe aufgaben schritt schritte checklist",
    "file": "file files document documents pdf datei dateien dokument dokumente unterlagen filename namens",
    "knowledge": "knowledge base bases wissen wissensdatenbank wissensbasis",
    "meaning": "meaning semantic semantically say says about passages steht über",
    "exact": "exact exactly literal string strings regex regular genau wörtlich zeichenfolge",
    "ask": "ask asks question questions clarifying clarify frag frage fragen rückfragen",
    "skill": "skill skills fähigkeit fähigkeiten",
    "pause": "pause paused resume resumed toggle pausiere anhalten fortsetzen",
    "weather": "weather forecast rain wetter vorhersage regen",
    "music": "music song play player album musik lied spiel spiele",
    "climate": "climate thermostat temperature heating heat cool heizung thermostat temperatur klima klimaanlage",
    "photo": "photo picture image camera foto bild kamera",
    "mail": "mail email send nachricht schicke sende senden",
    "web": "web internet website url online netz",
}
