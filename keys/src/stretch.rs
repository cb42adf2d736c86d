//! Where secrets lie in memory, for whoever keeps those pages out of swap. It is a number and not a pointer: nothing is read through it.

/// A stretch of this process's memory that holds a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Its first address.
    pub start: usize,
    /// Its bytes.
    pub size: usize,
}

impl Stretch {
    /// Where a value lies as long as it is not moved; what it only points to is not in it.
    #[must_use]
    pub fn of<T>(value: &T) -> Self {
        Self { start: std::ptr::from_ref(value).addr(), size: size_of::<T>() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_is_where_the_value_lies() {
        let values = [[0_u8; 40]; 2];
        let [first, second] = [Stretch::of(&values[0]), Stretch::of(&values[1])];
        assert_eq!((first.size, second.size, second.start - first.start), (40, 40, 40));
    }
}
