//! What people who were brought in together share, so that it need not be typed for each of them.
//!
//! Where they come from, how they travelled, where they were recruited for what work. Never who somebody is, and never what was done to
//! them or how they were held: that is asked of each, alone. The law and the figures count persons, and one person's words are no
//! evidence of another's.

/// The questions of the form `person` whose answers may be taken over from an earlier person of the same case.
pub const SHARED: [&str; 16] = [
    "nationality",
    "language",
    "language2",
    "home_country",
    "home_province",
    "home_district",
    "sector",
    "expl_from",
    "expl_to",
    "recruit_method",
    "recruit_place",
    "som_mode",
    "som_route",
    "som_fee_pkr",
    "payment_mode",
    "doc_fraud",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codebook::Codebook;

    #[test]
    fn what_is_taken_over_names_nobody_and_says_nothing_of_what_was_done_to_them() {
        let person = Codebook::builtin().unwrap().newest("person").unwrap();
        for id in SHARED {
            let question = person.question(id).unwrap_or_else(|| panic!("{id} is no question of a person"));
            assert!(!question.sealed && !question.derived && !question.local && !question.firm, "{id}");
        }
        for id in [
            "gender",
            "age_years",
            "dob",
            "role",
            "victim_status",
            "exploitation_type",
            "act",
            "means",
            "control_method",
        ] {
            assert!(person.question(id).is_some() && !SHARED.contains(&id), "{id}");
        }
    }
}
