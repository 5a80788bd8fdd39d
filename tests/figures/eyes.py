"""How colours look to eyes of every kind, and on both grounds."""

import numpy as np

GROUNDS = {"light": ("#FFFFFF", "#F4F6F9"), "dark": ("#0F1419", "#1A2129")}
# Machado, Oliveira and Fernandes 2009, severity 1.
EYES = {
    "all cones": np.eye(3),
    "protan": [[0.1523, 1.0526, -0.2049], [0.1145, 0.7863, 0.0992], [-0.0039, -0.0481, 1.0520]],
    "deutan": [[0.3673, 0.8606, -0.2280], [0.2801, 0.6725, 0.0474], [-0.0118, 0.0429, 0.9689]],
    "tritan": [[1.2555, -0.0767, -0.1788], [-0.0784, 0.9309, 0.1476], [0.0047, 0.6914, 0.3039]],
}
TO_XYZ = [[0.4339, 0.3762, 0.1898], [0.2127, 0.7152, 0.0722], [0.0178, 0.1095, 0.8727]]


def linear(colour):
    values = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(colour, eye):
    """CIE L*a*b* of a colour as such an eye sees it."""
    x, y, z = np.cbrt(
        np.clip(TO_XYZ @ np.clip(np.asarray(EYES[eye]) @ linear(colour), 0, 1), 1e-4, 1)
    )
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def contrast(one, other):
    light, dark = sorted(float([0.2126, 0.7152, 0.0722] @ linear(c)) for c in (one, other))[::-1]
    return (light + 0.05) / (dark + 0.05)
