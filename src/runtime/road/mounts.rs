//! Where sticks are: folders that the system has mounted for people to put things on. Only offered; any path can be typed.

/// Below these folders a desktop or a person mounts what comes and goes.
const BELOW: [&str; 3] = ["/media/", "/run/media/", "/mnt/"];
/// More than fit on a screen are not offered.
const MOST: usize = 8;

/// Folders of sticks that are in.
#[cfg(target_os = "linux")]
pub(in crate::runtime) fn sticks() -> Vec<String> {
    std::fs::read_to_string("/proc/self/mounts").map(|table| found(&table)).unwrap_or_default()
}

/// Elsewhere nothing is offered.
#[cfg(not(target_os = "linux"))]
pub(in crate::runtime) fn sticks() -> Vec<String> {
    Vec::new()
}

/// The second column of the table, where blanks are spelt as octal numbers.
fn found(table: &str) -> Vec<String> {
    let places = table.lines().filter_map(|line| line.split(' ').nth(1)).map(plain);
    let mut sticks: Vec<String> =
        places.filter(|place| BELOW.iter().any(|below| place.starts_with(below))).take(MOST).collect();
    sticks.sort();
    sticks.dedup();
    sticks
}

fn plain(spelt: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\134", "\\")]
        .into_iter()
        .fold(spelt.to_owned(), |text, (octal, letter)| text.replace(octal, letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_mount_is_offered_and_nothing_else() {
        let table = "proc /proc proc rw 0 0\n/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 /media/sana/BLUE\\040STICK vfat rw 0 0\n\
                     /dev/sdc1 /run/media/sana/A exfat rw 0 0\nbroken\n";
        assert_eq!(found(table), ["/media/sana/BLUE STICK", "/run/media/sana/A"]);
    }
}
