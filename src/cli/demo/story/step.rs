//! The steps of the story: what was done to which incident, by whom, how many minutes before now.
//! How they are told to the backend stands beside.

use chrono::{DateTime, Datelike, TimeDelta, Weekday};
use serde_json::{Value, json};

use crate::domain::instant::Instant;

/// One command, and when it was given.
pub struct Step {
    /// Minutes before now.
    pub ago: i64,
    pub who: &'static str,
    /// The incident's name in the story.
    pub on: &'static str,
    pub body: Value,
}

fn advance(to: &str) -> Value {
    json!({"type": "advance", "to": to})
}

fn assign(role: &str, person: &str) -> Value {
    json!({"type": "assign", "role": role, "person": person})
}

fn decider(duty: &str, person: &str) -> Value {
    json!({"type": "assign", "role": "decider", "duty": duty, "person": person})
}

fn note(kind: &str, text: &str) -> Value {
    json!({"type": "note", "kind": kind, "text": text})
}

const CONTAIN: &str = "containment_eradication_and_recovery";
const DETECT: &str = "detection_and_analysis";
const POST: &str = "post_incident_activity";
const CUSTOMER: &str = "ms-72h/customer";

fn loop_back(reason: &str) -> Value {
    json!({"type": "advance", "to": DETECT, "reason": reason})
}

/// The next Thursday, 09:00 UTC, that lies at least a day ahead.
fn thursday(now: Instant) -> Instant {
    let ahead = (1..9)
        .map(|days| (now + TimeDelta::days(days)).date_naive())
        .find(|date| date.weekday() == Weekday::Thu)
        .and_then(|date| date.and_hms_opt(9, 0, 0));
    ahead.map_or(now, |at| {
        DateTime::from_naive_utc_and_offset(at, chrono::Utc)
    })
}

/// Every step, in the order of the incidents.
pub fn steps(now: Instant) -> Vec<Step> {
    let before = |minutes: i64| now - TimeDelta::minutes(minutes);
    let mut steps = Vec::new();
    let mut add = |on: &'static str, ago: i64, who: &'static str, body: Value| {
        steps.push(Step { ago, who, on, body });
    };
    // Customers must be told within hours, and it has come back a second time.
    add(
        "keys",
        4_300,
        "d.okafor",
        json!({"service": "azure", "severity": "sev1", "classification": "suspected_breach",
        "title": "Signing key used from an unknown network", "summary": "Tokens signed with a production key were accepted from addresses nobody knows.",
        "triggers": {"detected_at": before(4_310)}}),
    );
    add("keys", 4_295, "d.okafor", assign("commander", "d.okafor"));
    add("keys", 4_290, "d.okafor", assign("owner_lead", "k.ono"));
    add(
        "keys",
        4_200,
        "d.okafor",
        json!({"type": "set", "classification": "confirmed_breach", "profile": {"zone": "Europe/Berlin", "roles": ["processor"], "affected": {"tenants": 1200}}}),
    );
    add(
        "keys",
        4180,
        "d.okafor",
        json!({"type": "record_time", "trigger": "aware_at", "at": before(4180)}),
    );
    add(
        "keys",
        4_159,
        "d.okafor",
        json!({"type": "declare", "reason": "access to customer data confirmed"}),
    );
    add("keys", 4_150, "l.costa", decider(CUSTOMER, "j.lindqvist"));
    add("keys", 4_000, "d.okafor", advance(CONTAIN));
    add(
        "keys",
        600,
        "d.okafor",
        json!({"type": "record_time", "trigger": "contained_at", "at": before(610), "source": "key rotation log"}),
    );
    add("keys", 38, "d.okafor", loop_back("new indicator"));
    add(
        "keys",
        21,
        "d.okafor",
        json!({"type": "page", "teams": ["azure-engineering"], "message": "Second signer seen: we need somebody who knows the token service."}),
    );
    add(
        "keys",
        7,
        "d.okafor",
        json!({"type": "page", "teams": ["legal-affairs"], "message": "Customer notice is due in hours."}),
    );
    // Nobody commands it.
    add(
        "mail",
        3_970,
        "r.haddad",
        json!({"service": "microsoft-365", "severity": "sev2", "classification": "suspected_breach",
        "title": "Mail rules forward to an outside domain", "triggers": {"detected_at": before(3_975), "aware_at": before(3_972)}}),
    );
    add(
        "mail",
        3_965,
        "r.haddad",
        assign("service_lead", "r.haddad"),
    );
    add(
        "mail",
        3_962,
        "d.okafor",
        json!({"type": "declare", "reason": "mail of customers was read"}),
    );
    add("mail", 3_900, "r.haddad", advance(CONTAIN));
    add("mail", 130, "r.haddad", loop_back("wider scope"));
    // The question nobody has answered.
    add(
        "tenant",
        300,
        "t.mbeki",
        json!({"service": "azure", "severity": "sev3", "classification": "suspected_breach",
        "title": "Support tool read across tenants", "triggers": {"aware_at": before(302)}}),
    );
    add("tenant", 296, "t.mbeki", assign("commander", "t.mbeki"));
    add("tenant", 295, "t.mbeki", assign("service_lead", "l.costa"));
    add(
        "tenant",
        250,
        "t.mbeki",
        note(
            "assumption",
            "Reads were automated: the same order of tenants every night.",
        ),
    );
    // In its third pass.
    add(
        "crm",
        9_000,
        "p.abara",
        json!({"service": "dynamics-365", "severity": "sev2", "classification": "suspected_breach", "title": "Export job runs under a retired account"}),
    );
    add("crm", 8_990, "p.abara", assign("commander", "p.abara"));
    add("crm", 8_980, "p.abara", assign("service_lead", "k.ono"));
    add(
        "crm",
        8900,
        "p.abara",
        json!({"type": "record_time", "trigger": "aware_at", "at": before(8900)}),
    );
    add("crm", 8_700, "p.abara", advance(CONTAIN));
    add("crm", 6_000, "p.abara", loop_back("failed containment"));
    add("crm", 5_700, "p.abara", advance(CONTAIN));
    add("crm", 900, "p.abara", loop_back("new indicator"));
    add("crm", 302, "p.abara", advance(CONTAIN));
    // Declared yesterday, all under control.
    add(
        "storage",
        2_000,
        "d.okafor",
        json!({"service": "azure", "severity": "sev2", "classification": "confirmed_breach", "title": "Storage account left public by a deployment",
        "triggers": {"detected_at": before(2_010), "aware_at": before(2_005)}}),
    );
    add(
        "storage",
        1_990,
        "d.okafor",
        assign("commander", "d.okafor"),
    );
    add(
        "storage",
        1_985,
        "d.okafor",
        assign("service_lead", "m.ruiz"),
    );
    add(
        "storage",
        1_855,
        "d.okafor",
        json!({"type": "declare", "reason": "listing shows reads by others"}),
    );
    add(
        "storage",
        1_850,
        "l.costa",
        decider(CUSTOMER, "j.lindqvist"),
    );
    add("storage", 580, "d.okafor", advance(CONTAIN));
    add(
        "storage",
        570,
        "d.okafor",
        json!({"type": "page", "teams": ["communications-azure"], "message": "Draft for customers needed by tonight."}),
    );
    add(
        "storage",
        566,
        "r.haddad",
        json!({"type": "acknowledge_page", "page": "communications-azure", "answer": "coming", "eta": before(520)}),
    );
    add(
        "storage",
        524,
        "r.haddad",
        json!({"type": "acknowledge_page", "page": "communications-azure", "answer": "arrived"}),
    );
    // Its clock runs out while one looks.
    add(
        "flows",
        4_400,
        "s.weiss",
        json!({"service": "power-platform", "severity": "sev3", "classification": "confirmed_breach", "title": "Flow connector leaked service credentials"}),
    );
    add("flows", 4_390, "s.weiss", assign("commander", "s.weiss"));
    add(
        "flows",
        4330,
        "s.weiss",
        json!({"type": "record_time", "trigger": "aware_at", "at": before(4330)}),
    );
    add("flows", 4_310, "d.okafor", json!({"type": "declare"}));
    add("flows", 4_305, "l.costa", decider(CUSTOMER, "j.lindqvist"));
    add("flows", 4_200, "s.weiss", advance(CONTAIN));
    add(
        "flows",
        1_700,
        "s.weiss",
        json!({"type": "record_time", "trigger": "contained_at", "at": before(1_720)}),
    );
    // Told, learning from it.
    add(
        "addin",
        6_500,
        "n.fofana",
        json!({"service": "microsoft-365", "severity": "sev2", "classification": "confirmed_breach", "title": "Add-in asked for more than it said"}),
    );
    add("addin", 6_490, "n.fofana", assign("commander", "n.fofana"));
    add(
        "addin",
        6_480,
        "n.fofana",
        assign("service_lead", "r.haddad"),
    );
    add(
        "addin",
        6420,
        "n.fofana",
        json!({"type": "record_time", "trigger": "aware_at", "at": before(6420)}),
    );
    add("addin", 6_400, "d.okafor", json!({"type": "declare"}));
    add("addin", 6_300, "n.fofana", advance(CONTAIN));
    for (trigger, ago) in [
        ("contained_at", 5_000),
        ("eradicated_at", 4_000),
        ("recovered_at", 3_000),
    ] {
        add(
            "addin",
            ago - 10,
            "n.fofana",
            json!({"type": "record_time", "trigger": trigger, "at": before(ago)}),
        );
    }
    add(
        "addin",
        3_500,
        "l.costa",
        json!({"type": "submit", "duties": ["ms-72h/customer", "ms-dpa/customer", "ms-dpa/detail"], "at": before(3_510), "channel": "message center", "kind": "initial"}),
    );
    add("addin", 1_980, "n.fofana", advance(POST));
    // Not reportable.
    add(
        "portal",
        5_000,
        "l.costa",
        json!({"service": "azure", "severity": "sev4", "classification": "security_practice_violation", "title": "Portal banner editable by all staff"}),
    );
    add("portal", 4_995, "l.costa", assign("commander", "l.costa"));
    add("portal", 4_990, "l.costa", assign("service_lead", "m.ruiz"));
    add(
        "portal",
        4_900,
        "l.costa",
        json!({"type": "not_reportable", "reason": "no personal data, no customer data"}),
    );
    add("portal", 4_800, "l.costa", advance(CONTAIN));
    for (trigger, ago) in [
        ("contained_at", 4_700),
        ("eradicated_at", 4_600),
        ("recovered_at", 4_500),
    ] {
        add(
            "portal",
            ago - 10,
            "l.costa",
            json!({"type": "record_time", "trigger": trigger, "at": before(ago)}),
        );
    }
    add("portal", 4_300, "l.costa", advance(POST));
    // Small and fresh ones.
    add(
        "scan",
        700,
        "p.abara",
        json!({"service": "dynamics-365", "severity": "sev5", "classification": "security_policy_violation", "title": "Unscheduled scan from a partner network"}),
    );
    add("scan", 695, "p.abara", assign("commander", "p.abara"));
    add("scan", 690, "p.abara", assign("service_lead", "k.ono"));
    add(
        "scan",
        600,
        "p.abara",
        json!({"type": "not_reportable", "reason": "partner confirmed its own test"}),
    );
    add(
        "gateway",
        11,
        "s.weiss",
        json!({"service": "power-platform", "title": "Gateway sends more than it receives"}),
    );
    // What was learned before, and what is practised next.
    add(
        "backup",
        20_000,
        "n.fofana",
        json!({"service": "azure", "severity": "sev3", "classification": "security_practice_violation", "title": "Backup key kept beside the backup"}),
    );
    add(
        "backup",
        19_990,
        "n.fofana",
        assign("commander", "n.fofana"),
    );
    add(
        "backup",
        19_980,
        "n.fofana",
        json!({"type": "not_reportable", "reason": "no access by others"}),
    );
    add("backup", 19_900, "n.fofana", advance(CONTAIN));
    for (trigger, ago) in [
        ("contained_at", 19_000),
        ("eradicated_at", 18_000),
        ("recovered_at", 17_000),
    ] {
        add(
            "backup",
            ago - 10,
            "n.fofana",
            json!({"type": "record_time", "trigger": trigger, "at": before(ago)}),
        );
    }
    add("backup", 16_000, "n.fofana", advance(POST));
    add(
        "backup",
        15_900,
        "n.fofana",
        json!({"type": "lesson", "text": "Rotate signing keys by a job, not by hand", "owner": "k.ono", "due": before(-2_600)}),
    );
    add(
        "backup",
        15_890,
        "n.fofana",
        json!({"type": "lesson", "text": "Page a deputy when the commander is away", "owner": "n.fofana", "due": before(2_900)}),
    );
    add(
        "backup",
        15_800,
        "n.fofana",
        json!({"type": "review", "held_at": before(15_860), "text": "Keys and backups are two duties of two teams."}),
    );
    add(
        "backup",
        15_700,
        "n.fofana",
        json!({"type": "close", "reason": "reviewed"}),
    );
    add(
        "planned",
        3_000,
        "d.okafor",
        json!({"service": "microsoft-365", "title": "Ransomware in the build system, on the table", "starts_at": thursday(now)}),
    );
    steps
}
