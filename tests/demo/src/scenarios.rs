//! The stories that the samples are made of: composed from published patterns, of nobody, and marked as samples.

use serde_json::{Value, json};

/// One story: what its case says, who is in it, and what the first of them tells.
pub(crate) struct Scenario {
    /// Answers of the case's opening.
    pub(crate) case: Value,
    /// Answers of its persons; the first is interviewed.
    pub(crate) persons: Vec<Value>,
    /// The account, English.
    pub(crate) account: &'static str,
    /// The account, Urdu.
    pub(crate) account_ur: &'static str,
}

/// How many stories there are.
pub(crate) const COUNT: usize = 8;

/// One of them.
pub(crate) fn scenario(number: usize) -> Scenario {
    match number % COUNT {
        0 => kiln(),
        1 => beggary(),
        2 => household(),
        3 => border(),
        4 => ransom(),
        5 => bride(),
        6 => scam_centre(),
        _ => loom(),
    }
}

fn victim(more: Value) -> Value {
    let mut all = json!({
        "role": "VIC", "nationality": "PAK", "victim_status": "POSS", "status_decider": "POLICE",
        "no_liability_check": "Y", "safe_contact": {"answer": "not_asked"},
    });
    merge(&mut all, more);
    all
}

/// Adds the members of one JSON object to another.
pub(crate) fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

fn kiln() -> Scenario {
    Scenario {
        case: json!({"case_class": "TIP", "movement": "INT", "detection_source": "LABOUR", "risk_level": "MED",
            "victims_seen": 3, "victims_men": 1, "victims_women": 1, "victims_boys": 1,
            "place_exploit": "brick kiln (sample)", "organised_group": "N"}),
        persons: vec![
            victim(json!({"gender": "M", "age_years": 41, "age_basis": "SELF", "language": "pan",
                "exploitation_type": ["BONDED"], "act": ["RECV"], "means": ["VULN", "COERC"], "sector": "KILN",
                "debt_pkr": 250_000, "family_bonded": 2})),
            json!({"role": "SUS", "gender": "M", "nationality": "PAK", "language": "pan", "age_years": {"answer": "unknown"},
                "perp_role": ["EXPLOIT"], "suspect_status": "WANTED", "perp_details": "Keeps the register of advances."}),
        ],
        account: "SAMPLE, made up. The family took an advance of 60,000 rupees four years ago. The debt grows with every \
                  month that rain stops the work. When the elder son left for the city, the clerk kept the identity cards.",
        account_ur: "نمونہ، فرضی۔ خاندان نے چار سال پہلے پیشگی لی۔ بارش میں کام رکتا ہے تو قرض بڑھ جاتا ہے۔ منشی نے شناختی کارڈ رکھ لیے۔",
    }
}

fn beggary() -> Scenario {
    Scenario {
        case: json!({"case_class": "TIP", "movement": "INT", "detection_source": "RAID", "risk_level": "HIGH",
            "victims_seen": 2, "victims_boys": 1, "victims_girls": 1, "place_exploit": "shrine and bus stand (sample)",
            "organised_group": "Y"}),
        persons: vec![victim(json!({"gender": "F", "age_years": 9, "age_basis": "OFFICER", "language": "snd",
            "exploitation_type": ["BEGGING"], "act": ["HARB"], "means": ["NOTREQ"], "immediate_need": ["SAFETY", "CPO"]}))],
        account: "SAMPLE, made up. A woman whom the child calls aunt counts the coins every night. The child sleeps in a \
                  room with six others near the railway line.",
        account_ur: "نمونہ، فرضی۔ ایک عورت جسے بچی خالہ کہتی ہے ہر رات پیسے گنتی ہے۔ بچی ریلوے لائن کے پاس ایک کمرے میں سوتی ہے۔",
    }
}

fn household() -> Scenario {
    Scenario {
        case: json!({"case_class": "TIP", "movement": "INT", "detection_source": "HOTLINE", "risk_level": "HIGH",
            "victims_seen": 1, "victims_girls": 1, "place_exploit": "private home (sample)"}),
        persons: vec![victim(json!({"gender": "F", "age_years": 14, "age_basis": "SELF", "language": "urd",
            "exploitation_type": ["DOMESTIC"], "act": ["RECV"], "means": ["NOTREQ"], "sector": "HOME"}))],
        account: "SAMPLE, made up. She cleans from before dawn. The monthly money goes to an uncle. She has not been let out \
                  of the gate since Eid.",
        account_ur: "نمونہ، فرضی۔ وہ فجر سے پہلے کام شروع کرتی ہے۔ تنخواہ چچا کو جاتی ہے۔ عید کے بعد سے گیٹ سے باہر نہیں گئی۔",
    }
}

fn border() -> Scenario {
    Scenario {
        case: json!({"case_class": "SOM", "movement": "ATTOUT", "detection_source": "BORDER", "risk_level": "MED",
            "victims_seen": 4, "victims_men": 4, "country_to": "GRC", "organised_group": "Y"}),
        persons: vec![json!({"role": "SMG", "gender": "M", "nationality": "PAK", "age_years": 23, "age_basis": "CNIC",
            "language": "pan", "som_mode": "VEH", "som_route": "IRN_TUR", "som_fee_pkr": 900_000,
            "no_liability_check": "Y", "endangerment": ["NONE"]})],
        account: "SAMPLE, made up. Four men from one village paid the first half to an agent in the bazaar. They were told \
                  to wait for a pickup after the evening prayer and to carry no telephone.",
        account_ur: "نمونہ، فرضی۔ ایک گاؤں کے چار آدمیوں نے ایجنٹ کو آدھی رقم دی۔ انہیں مغرب کے بعد گاڑی کا انتظار کرنے کو کہا گیا۔",
    }
}

fn ransom() -> Scenario {
    Scenario {
        case: json!({"case_class": "BOTH", "movement": "OUT", "detection_source": "FAMILY", "risk_level": "HIGH",
            "victims_seen": 1, "victims_men": 1, "country_to": "LBY", "place_exploit": "warehouse abroad (sample)",
            "organised_group": "Y"}),
        persons: vec![victim(json!({"gender": "M", "age_years": 27, "age_basis": "CNIC", "language": "pan",
            "exploitation_type": ["FORCEDLAB"], "act": ["TRAN", "HARB"], "means": ["FORCE", "THREAT"]}))],
        account: "SAMPLE, made up. He paid for a boat. After the second flight he was locked in with others and made to call \
                  home for more money. Those who had none unloaded lorries at night.",
        account_ur: "نمونہ، فرضی۔ اس نے کشتی کے پیسے دیے۔ پھر اسے بند کر کے گھر سے مزید رقم منگوائی گئی۔",
    }
}

fn bride() -> Scenario {
    Scenario {
        case: json!({"case_class": "TIP", "movement": "OUT", "detection_source": "RETURN", "risk_level": "MED",
            "victims_seen": 1, "victims_women": 1, "country_to": "CHN", "place_exploit": "city abroad (sample)"}),
        persons: vec![victim(json!({"gender": "F", "age_years": 19, "age_basis": "CNIC", "language": "pan",
            "exploitation_type": ["MARRIAGE"], "act": ["RECR", "TRAN"], "means": ["FRAUD"]}))],
        account: "SAMPLE, made up. A broker arranged the wedding in eight days and showed papers that nobody at home could \
                  read. The visa came with another family name.",
        account_ur: "نمونہ، فرضی۔ دلال نے آٹھ دن میں شادی کروائی اور ایسے کاغذ دکھائے جو گھر میں کوئی نہیں پڑھ سکتا تھا۔",
    }
}

fn scam_centre() -> Scenario {
    Scenario {
        case: json!({"case_class": "BOTH", "movement": "OUT", "detection_source": "MISSION", "risk_level": "MED",
            "victims_seen": 2, "victims_men": 2, "country_to": "KHM", "place_exploit": "guarded compound abroad (sample)"}),
        persons: vec![victim(json!({"gender": "M", "age_years": 25, "age_basis": "CNIC", "language": "urd",
            "exploitation_type": ["CRIME"], "act": ["RECR"], "means": ["FRAUD", "THREAT"], "sector": "ONLINE"}))],
        account: "SAMPLE, made up. The advertisement promised data entry. On arrival the passport was taken, and every day \
                  without a sale was added to a debt.",
        account_ur: "نمونہ، فرضی۔ اشتہار میں ڈیٹا انٹری لکھا تھا۔ پہنچنے پر پاسپورٹ لے لیا گیا اور روز کا قرض بڑھتا گیا۔",
    }
}

fn loom() -> Scenario {
    Scenario {
        case: json!({"case_class": "UND", "movement": "INT", "detection_source": "NGO", "risk_level": "LOW",
            "victims_seen": 0}),
        persons: vec![json!({"role": "WIT", "gender": "M", "nationality": "PAK", "age_years": 36, "age_basis": "SELF",
            "language": "pan", "safe_contact": {"answer": "refused"}})],
        account: "SAMPLE, made up. He mends looms and goes from workshop to workshop. In one of them boys sleep between the \
                  machines. He would not say which.",
        account_ur: "نمونہ، فرضی۔ وہ کھڈیاں مرمت کرتا ہے۔ ایک کارخانے میں لڑکے مشینوں کے درمیان سوتے ہیں۔",
    }
}
