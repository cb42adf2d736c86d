//! Screening: from answers to dimensions, to the outcome that the ILO's rule gives, to the class and the agency that the Acts
//! point to, and why. Advice only; what was not asked never counts as *no*.
//!
//! The dimensions and their weights are the ILO's (2009): a dimension is positive with two strong indicators, one strong and any
//! other, three medium, or two medium and a weak one. The class follows the elements of PTPA s.3 and POSOMA s.2.

use super::ids::Code;

/// What was told of one question or indicator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Told {
    /// It is so.
    Yes,
    /// It is not.
    No,
    /// Asked, and nobody knows or will say.
    Unknown,
    /// Not asked.
    #[default]
    NotAsked,
}

impl Told {
    /// All of these; one *no* decides, whatever is open beside it.
    pub fn all(parts: &[Self]) -> Self {
        if parts.contains(&Self::No) {
            return Self::No;
        }
        parts.iter().copied().find(|part| *part != Self::Yes).unwrap_or(Self::Yes)
    }

    /// One of these; one *yes* decides.
    pub fn any(parts: &[Self]) -> Self {
        if parts.contains(&Self::Yes) {
            return Self::Yes;
        }
        parts.iter().copied().find(|part| *part != Self::No).unwrap_or(Self::No)
    }
}

/// How much an indicator weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Weight {
    /// Strong.
    Strong,
    /// Medium.
    Medium,
    /// Weak.
    Weak,
}

/// One indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Indicator {
    /// Its dimension, 1–6.
    pub dimension: usize,
    /// Its weight for this person; `None` where it does not count (two are for adults only).
    pub weight: Option<Weight>,
    /// Whether the short form has it.
    pub first: bool,
    /// What was told.
    pub told: Told,
}

/// Everything that the advice turns on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Screened {
    /// The indicators.
    pub indicators: Vec<Indicator>,
    /// Under eighteen, or not known to be older.
    pub child: bool,
    /// All 67 were to be asked, not the short form alone.
    pub full: bool,
    /// Crossed a border, or meant to.
    pub border: Told,
    /// Paid somebody, or another benefit.
    pub paid: Told,
    /// Free to leave.
    pub free: Told,
    /// Exploited, or meant to be.
    pub exploited: Told,
    /// Entry or exit other than the law has it.
    pub irregular: Told,
    /// Force, threat, coercion, fraud, or an abuse of power or of a weak position.
    pub means: Told,
    /// Recruited, moved, kept, received or handed on by somebody.
    pub act: Told,
    /// List `movement`.
    pub movement: Option<Code>,
}

/// One sentence of why: a key into the words, and its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Key under `screening.why` in the words.
    pub word: &'static str,
    /// What fills its blanks, by name.
    pub blanks: Vec<(&'static str, usize)>,
}

/// What comes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// Whether each dimension is positive: `None` where something in it was not asked or not known.
    pub dimensions: [Option<bool>; DIMENSIONS],
    /// List `screening_result`.
    pub result: &'static str,
    /// List `case_class`.
    pub class: &'static str,
    /// List `agency_route`.
    pub agency: &'static str,
    /// Why, in order.
    pub reasons: Vec<Reason>,
}

/// How many dimensions there are.
pub const DIMENSIONS: usize = 6;

#[derive(Clone, Copy, Default)]
struct Count {
    strong: usize,
    medium: usize,
    weak: usize,
    open: usize,
}

impl Count {
    fn of(indicators: &[Indicator], dimension: usize) -> Self {
        let mut count = Self::default();
        for indicator in indicators.iter().filter(|indicator| indicator.dimension == dimension) {
            match (indicator.told, indicator.weight) {
                (Told::Yes, Some(Weight::Strong)) => count.strong += 1,
                (Told::Yes, Some(Weight::Medium)) => count.medium += 1,
                (Told::Yes, Some(Weight::Weak)) => count.weak += 1,
                (Told::Unknown | Told::NotAsked, Some(_)) => count.open += 1,
                (Told::No, _) | (_, None) => {}
            }
        }
        count
    }

    const fn positive(self) -> bool {
        let Self { strong, medium, weak, .. } = self;
        strong >= 2 || (strong == 1 && medium + weak > 0) || medium >= 3 || (medium == 2 && weak > 0)
    }
}

/// Works the advice out.
pub fn advise(screened: &Screened) -> Advice {
    let counts: Vec<Count> = (1..=DIMENSIONS).map(|dimension| Count::of(&screened.indicators, dimension)).collect();
    let mut dimensions = [None; DIMENSIONS];
    let mut reasons = Vec::new();
    for (at, (place, count)) in dimensions.iter_mut().zip(&counts).enumerate() {
        *place = if count.positive() { Some(true) } else { (count.open == 0).then_some(false) };
        if count.positive() {
            let Count { strong, medium, weak, .. } = *count;
            let blanks = vec![("n", at + 1), ("strong", strong), ("medium", medium), ("weak", weak)];
            reasons.push(Reason { word: "dimension", blanks });
        }
    }
    let som = Told::all(&[screened.border, screened.paid, screened.irregular]);
    let result = outcome(screened, &dimensions, som, &mut reasons);
    let class = class(screened, som, &mut reasons);
    let agency = agency(class, screened.movement.as_ref());
    reasons.push(plain(match agency {
        "POLICE" => "police",
        "FIA_TIP" => "fia_tip",
        "FIA_SOM" => "fia_som",
        _ => "decide",
    }));
    Advice { dimensions, result, class, agency, reasons }
}

const fn plain(word: &'static str) -> Reason {
    Reason { word, blanks: Vec::new() }
}

/// The ILO's outcome. The short form never says *no sign*: it ends in *indicated*, *possible*, or *go on to the full form*.
fn outcome(
    screened: &Screened,
    dimensions: &[Option<bool>; DIMENSIONS],
    som: Told,
    reasons: &mut Vec<Reason>,
) -> &'static str {
    let [d1, d2, _, d4, d5, _] = dimensions.map(|dimension| dimension == Some(true));
    let told = |wanted: Told| screened.indicators.iter().filter(|indicator| indicator.told == wanted).count();
    let likely = if screened.child { d4 && screened.act == Told::Yes } else { (d1 || d2) && d4 && d5 };
    if screened.child && d4 {
        reasons.push(plain(if likely { "child_likely" } else { "child_act_open" }));
    }
    if likely {
        return "TIPLIKELY";
    }
    let wanted = screened.indicators.iter().filter(|indicator| screened.full || indicator.first);
    if let open @ 1.. = wanted.filter(|indicator| indicator.told == Told::NotAsked).count() {
        reasons.push(Reason { word: "not_asked", blanks: vec![("n", open)] });
    }
    if told(Told::Yes) > 0 || screened.exploited == Told::Yes {
        return "TIPPOSS";
    }
    if !screened.full {
        reasons.push(plain("short_form"));
        return "INCOMP";
    }
    let all_no = !screened.indicators.is_empty() && told(Told::No) == screened.indicators.len();
    match (all_no && screened.exploited == Told::No, som) {
        (true, Told::Yes) => "SOMONLY",
        (true, Told::No) => "NONE",
        _ => "INCOMP",
    }
}

/// The class by the elements of the two Acts (`DOMAIN.md` section 7.3).
fn class(screened: &Screened, som: Told, reasons: &mut Vec<Reason>) -> &'static str {
    // Not being free to leave is coercion until the officer says otherwise.
    let held = match screened.free {
        Told::No => Told::Yes,
        Told::Yes => Told::No,
        open => open,
    };
    let means = if screened.child { Told::Yes } else { Told::any(&[screened.means, held]) };
    if screened.child {
        reasons.push(plain("child_means"));
    } else if held == Told::Yes && screened.means != Told::Yes {
        reasons.push(plain("held"));
    }
    let tip = Told::all(&[screened.exploited, means]);
    reasons.push(plain(match (tip, screened.exploited) {
        (Told::Yes, _) => "tip_yes",
        (Told::No, Told::No) => "tip_no_purpose",
        (Told::No, _) => "tip_no_means",
        _ => "tip_open",
    }));
    reasons.push(plain(match som {
        Told::Yes => "som_yes",
        Told::No => "som_no",
        Told::Unknown | Told::NotAsked => "som_open",
    }));
    match (tip, som) {
        (Told::Yes, Told::Yes) => "BOTH",
        (Told::Yes, _) => "TIP",
        (Told::No, Told::Yes) => "SOM",
        (Told::No, Told::No) => "REL",
        _ => "UND",
    }
}

/// Who must investigate (PTPA s.8, POSOMA s.11). The Act is silent on a mere attempt to cross.
pub fn agency(class: &str, movement: Option<&Code>) -> &'static str {
    match (class, movement.map(Code::as_str)) {
        ("SOM", _) => "FIA_SOM",
        ("TIP" | "BOTH", Some("OUT" | "INTO" | "TRANS")) => "FIA_TIP",
        ("TIP" | "BOTH", Some("INT")) => "POLICE",
        _ => "DECIDE",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn yes(dimension: usize, weight: Weight) -> Indicator {
        Indicator { dimension, weight: Some(weight), first: true, told: Told::Yes }
    }

    fn words(advice: &Advice) -> Vec<&'static str> {
        advice.reasons.iter().map(|reason| reason.word).collect()
    }

    #[test]
    fn a_dimension_is_positive_by_the_ilos_rule_and_by_nothing_less() {
        use Weight::{Medium, Strong, Weak};
        for (weights, positive) in [
            (&[Strong, Strong][..], true),
            (&[Strong, Medium], true),
            (&[Strong, Weak], true),
            (&[Strong], false),
            (&[Medium, Medium, Medium], true),
            (&[Medium, Medium, Weak], true),
            (&[Medium, Medium], false),
            (&[Medium, Weak, Weak], false),
            (&[Weak, Weak, Weak, Weak], false),
            (&[], false),
        ] {
            let indicators = weights.iter().map(|weight| yes(1, *weight)).collect();
            let advice = advise(&Screened { indicators, ..Screened::default() });
            assert_eq!(advice.dimensions[0], Some(positive), "{weights:?}");
        }
    }

    #[test]
    fn an_adult_needs_recruitment_exploitation_and_coercion_and_a_child_exploitation_and_an_act() {
        let two = |dimension| [yes(dimension, Weight::Strong), yes(dimension, Weight::Strong)];
        let result = |dimensions: &[usize], child, act| {
            let indicators = dimensions.iter().flat_map(|dimension| two(*dimension)).collect();
            advise(&Screened { indicators, child, act, full: true, ..Screened::default() }).result
        };
        assert_eq!(result(&[1, 4, 5], false, Told::NotAsked), "TIPLIKELY");
        assert_eq!(result(&[2, 4, 5], false, Told::NotAsked), "TIPLIKELY");
        assert_eq!(result(&[3, 4, 5, 6], false, Told::Yes), "TIPPOSS", "abuse of a weak position is not in the rule");
        assert_eq!(result(&[1, 2, 4], false, Told::Yes), "TIPPOSS");
        assert_eq!(result(&[4], true, Told::Yes), "TIPLIKELY");
        assert_eq!(result(&[4], true, Told::NotAsked), "TIPPOSS");
        assert_eq!(result(&[1, 2, 5], true, Told::Yes), "TIPPOSS");
    }

    #[test]
    fn the_short_form_never_says_that_there_is_no_sign() {
        let indicators: Vec<Indicator> =
            (1..=6).map(|dimension| Indicator { told: Told::No, ..yes(dimension, Weight::Strong) }).collect();
        let none = Screened {
            indicators,
            exploited: Told::No,
            border: Told::No,
            free: Told::Yes,
            means: Told::No,
            ..Screened::default()
        };
        let short = advise(&none);
        assert_eq!(short.result, "INCOMP");
        assert!(words(&short).contains(&"short_form"));
        let full = Screened { full: true, ..none };
        assert_eq!((advise(&full).result, advise(&full).class), ("NONE", "REL"));
        let (border, paid, irregular) = (Told::Yes, Told::Yes, Told::Yes);
        let smuggled = Screened { border, paid, irregular, ..full };
        assert_eq!((advise(&smuggled).result, advise(&smuggled).class), ("SOMONLY", "SOM"));
    }

    #[test]
    fn the_class_and_the_agency_follow_the_acts() {
        let movement = |code: &str| Some(Code::new(code));
        let base = Screened { exploited: Told::Yes, free: Told::No, movement: movement("INT"), ..Screened::default() };
        let is = |screened: &Screened| {
            let advice = advise(screened);
            (advice.class, advice.agency)
        };
        assert_eq!(is(&base), ("TIP", "POLICE"), "not free to leave counts as coercion");
        assert!(words(&advise(&base)).contains(&"held"));
        assert_eq!(is(&Screened { movement: movement("OUT"), ..base.clone() }), ("TIP", "FIA_TIP"));
        assert_eq!(is(&Screened { movement: movement("ATTOUT"), ..base.clone() }), ("TIP", "DECIDE"));
        assert_eq!(is(&Screened { movement: None, ..base.clone() }), ("TIP", "DECIDE"));
        let crossed = Screened {
            border: Told::Yes,
            paid: Told::Yes,
            irregular: Told::Yes,
            movement: movement("OUT"),
            ..base.clone()
        };
        assert_eq!(is(&crossed), ("BOTH", "FIA_TIP"));
        assert_eq!(is(&Screened { exploited: Told::No, ..crossed.clone() }), ("SOM", "FIA_SOM"));
        assert_eq!(is(&Screened { exploited: Told::NotAsked, ..crossed.clone() }), ("UND", "DECIDE"));
        assert_eq!(is(&Screened { irregular: Told::Unknown, exploited: Told::No, ..crossed }), ("UND", "DECIDE"));
        let free = Screened { free: Told::Yes, means: Told::No, ..base };
        assert_eq!(is(&Screened { border: Told::No, ..free.clone() }), ("REL", "DECIDE"));
        assert_eq!(is(&Screened { child: true, ..free }), ("TIP", "POLICE"), "for a child no means are needed");
    }

    fn told() -> impl Strategy<Value = Told> {
        prop_oneof![Just(Told::Yes), Just(Told::No), Just(Told::Unknown), Just(Told::NotAsked)]
    }

    fn screened() -> impl Strategy<Value = Screened> {
        let weight = prop_oneof![Just(Weight::Strong), Just(Weight::Medium), Just(Weight::Weak)];
        let indicator = (1..=DIMENSIONS, prop::option::of(weight), told())
            .prop_map(|(dimension, weight, told)| Indicator { dimension, weight, first: false, told });
        let questions = (told(), told(), told(), told(), told(), told(), told());
        (prop::collection::vec(indicator, 0..40), any::<bool>(), any::<bool>(), questions).prop_map(
            |(indicators, child, full, (border, paid, free, exploited, irregular, means, act))| {
                let movement = None;
                Screened { indicators, child, full, border, paid, free, exploited, irregular, means, act, movement }
            },
        )
    }

    proptest! {
        #[test]
        fn what_was_not_asked_never_counts_as_no(screened in screened()) {
            let mut asked = screened.clone();
            let says_no = |advice: &Advice| matches!(advice.result, "NONE" | "SOMONLY");
            for place in [&mut asked.border, &mut asked.paid, &mut asked.exploited, &mut asked.irregular] {
                *place = Told::NotAsked;
            }
            prop_assert!(!says_no(&advise(&asked)));
            prop_assert!(!matches!(advise(&asked).class, "REL" | "SOM" | "TIP" | "BOTH"));
            let mut asked = screened.clone();
            if let Some(last) = asked.indicators.last_mut() {
                last.told = Told::NotAsked;
                prop_assert!(!says_no(&advise(&asked)), "one indicator that was not asked is enough");
            }
            let advice = advise(&screened);
            for dimension in 1..=DIMENSIONS {
                let open = screened.indicators.iter().any(|indicator| {
                    indicator.dimension == dimension
                        && indicator.weight.is_some()
                        && matches!(indicator.told, Told::NotAsked | Told::Unknown)
                });
                prop_assert!(!(open && advice.dimensions[dimension - 1] == Some(false)));
            }
        }

        #[test]
        fn one_more_yes_never_takes_a_sign_of_trafficking_away(screened in screened(), at in 0_usize..40) {
            let rank = |result: &str| ["NONE", "SOMONLY", "INCOMP", "TIPPOSS", "TIPLIKELY"].iter().position(|r| *r == result);
            let mut more = screened.clone();
            if let Some(indicator) = more.indicators.get_mut(at) {
                indicator.told = Told::Yes;
            }
            prop_assert!(rank(advise(&more).result) >= rank(advise(&screened).result));
        }
    }
}
