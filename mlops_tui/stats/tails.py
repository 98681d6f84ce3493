"""Tail probabilities, and surprise in standard deviations, without scipy.

Relative precision is about 1e-12 over the range of a double; the `log_` forms go on where the probability itself
underflows, so that a deviance of 100,000 still ranks above one of 50,000.
"""

from __future__ import annotations

import math

_TINY = 1e-300
_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def normal_sf(z: float) -> float:
    """P(Z >= z) of the standard normal."""
    return 0.5 * math.erfc(z / math.sqrt(2))


def normal_log_sf(z: float) -> float:
    """log P(Z >= z); beyond z = 25 by Laplace's continued fraction of the Mills ratio (Abramowitz & Stegun 26.2.14)."""
    if z < 25:
        return math.log(normal_sf(z))
    ratio = z
    for k in range(20, 0, -1):
        ratio = z + k / ratio
    return -0.5 * z * z - _HALF_LOG_2PI - math.log(ratio)


def surprise(log_p: float) -> float:
    """The z whose two-sided normal tail has this log probability: `surprise(log(0.05))` is 1.96. Never negative."""
    target = min(log_p, 0.0) - math.log(2)
    if target >= -math.log(2):
        return 0.0
    z = math.sqrt(-2 * target)
    for _ in range(60):
        here = normal_log_sf(z)
        hazard = math.exp(-0.5 * z * z - _HALF_LOG_2PI - here)
        step = (here - target) / hazard
        z = max(z + step, 0.0)
        if abs(step) <= 1e-13 * max(z, 1e-6):
            break
    return z


def _stirling_error(a: float) -> float:
    """log Γ(a+1) - (a + 1/2) log a + a - log sqrt(2π) (C. Loader, 2000, on binomial probabilities)."""
    if a < 16:
        return math.lgamma(a + 1) - (a + 0.5) * math.log(a) + a - _HALF_LOG_2PI
    b = a * a
    return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / (1188 * b)) / b) / b) / b) / a


def _deviance_term(x: float, mean: float) -> float:
    """x log(x/mean) + mean - x without cancellation where x is near the mean (Loader's bd0)."""
    if abs(x - mean) >= 0.1 * (x + mean):
        return x * math.log(x / mean) + mean - x
    v = (x - mean) / (x + mean)
    total, term, k = (x - mean) * v, 2 * x * v, 0
    while True:
        k += 1
        term *= v * v
        new = total + term / (2 * k + 1)
        if new == total:
            return total
        total = new


def _log_gamma_front(a: float, x: float) -> float:
    """log(x^a e^-x / Γ(a+1)), to full precision."""
    return -_stirling_error(a) - _deviance_term(a, x) - _HALF_LOG_2PI - 0.5 * math.log(a)


def _gamma_series(a: float, x: float) -> float:
    """Sum of x^k / ((a+1)...(a+k)), so that P(a, x) = front * sum (DLMF 8.11.4)."""
    term = total = 1.0
    k = a
    while term > total * 1e-17:
        k += 1
        term *= x / k
        total += term
    return total


def _gamma_fraction(a: float, x: float) -> float:
    """The continued fraction F with Q(a, x) = front * a * F (DLMF 8.9.2, by Lentz's method)."""
    b = x + 1 - a
    c = 1 / _TINY
    d = 1 / b
    out = d
    for i in range(1, 100_000):
        an = -i * (i - a)
        b += 2
        d = an * d + b
        d = 1 / (d if abs(d) > _TINY else _TINY)
        c = b + an / c
        c = c if abs(c) > _TINY else _TINY
        step = d * c
        out *= step
        if abs(step - 1) < 1e-16:
            break
    return out


def chi2_log_sf(x: float, df: float) -> float:
    """log P(X >= x) of a chi-squared variable with `df` degrees of freedom. Raises ValueError unless df > 0."""
    if df <= 0:
        raise ValueError(f"degrees of freedom must be positive, not {df}")
    if x <= 0:
        return 0.0
    if math.isinf(x):
        return -math.inf
    a, half = df / 2, x / 2
    front = _log_gamma_front(a, half)
    if half < a + 1:
        return math.log1p(-math.exp(front) * _gamma_series(a, half))
    return front + math.log(a) + math.log(_gamma_fraction(a, half))


def chi2_sf(x: float, df: float) -> float:
    """P(X >= x) of a chi-squared variable with `df` degrees of freedom."""
    return math.exp(chi2_log_sf(x, df))


def kolmogorov_sf(x: float) -> float:
    """P(K >= x) of Kolmogorov's limit distribution; the theta-function form below 1.18 (DLMF 20.7.32)."""
    if x <= 0.03:
        return 1.0
    if x < 1.18:
        step = math.exp(-(math.pi**2) / (8 * x * x))
        total = math.fsum(math.pow(step, (2 * k - 1) ** 2) for k in range(1, 8))
        return 1 - math.sqrt(2 * math.pi) * total / x
    return 2 * math.fsum((1 if k % 2 else -1) * math.exp(-2 * (k * x) ** 2) for k in range(1, 8))


def ks_sf(d: float, n: int, m: int) -> float:
    """p-value of a two-sample Kolmogorov-Smirnov statistic `d` with `n` and `m` values, by the limit distribution.

    Conservative for small samples and for ties. 1.0 where a sample is empty.
    """
    if n <= 0 or m <= 0:
        return 1.0
    return kolmogorov_sf(d * math.sqrt(n * m / (n + m)))


def _beta_fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function (DLMF 8.17.22, by Lentz's method)."""
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > _TINY else _TINY)
    out = d
    for i in range(1, 10_000):
        even = i * (b - i) * x / ((a + 2 * i - 1) * (a + 2 * i))
        odd = -(a + i) * (a + b + i) * x / ((a + 2 * i) * (a + 2 * i + 1))
        for term in (even, odd):
            d = 1 + term * d
            d = 1 / (d if abs(d) > _TINY else _TINY)
            c = 1 + term / c
            c = c if abs(c) > _TINY else _TINY
            step = d * c
            out *= step
        if abs(step - 1) < 1e-16:
            break
    return out


def student_log_p(t: float, df: float) -> float:
    """log of the two-sided p-value of Student's t with `df` degrees of freedom (DLMF 8.17: I_x(df/2, 1/2))."""
    if df <= 0:
        raise ValueError(f"degrees of freedom must be positive, not {df}")
    if t == 0:
        return 0.0
    a, b = df / 2, 0.5
    x = df / (df + t * t)
    rest = t * t / (df + t * t)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(rest)
    if x < (a + 1) / (a + b + 2):
        return front + math.log(_beta_fraction(a, b, x) / a)
    return math.log1p(-math.exp(front) * _beta_fraction(b, a, rest) / b)
