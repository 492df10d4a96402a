import Glibc

/// `base` to the `exponent`; here so that few files import Glibc.
func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
