"""DeLong's intervals on published patients against pROC's published figures.

113 patients after an aneurysmal subarachnoid haemorrhage: outcome (1 = poor), grade of
the World Federation of Neurological Surgeons, and two proteins in hundredths of ug/l.
Data: N. Turck and others, "A multiparameter panel method for outcome prediction
following aneurysmal subarachnoid hemorrhage", Intensive Care Medicine 36, 2010. The
figures are those of X. Robin and others, "pROC: an open-source package for R and S+",
BMC Bioinformatics 12:77, 2011 (AUCs, Z = 2.209, p = 0.027), with the further digits that
pROC 1.18.0 prints for::

    library(pROC); data(aSAH); options(digits = 10)
    wfns <- roc(aSAH$outcome, aSAH$wfns); s100b <- roc(aSAH$outcome, aSAH$s100b)
    ndka <- roc(aSAH$outcome, aSAH$ndka)
    roc.test(wfns, s100b); roc.test(wfns, ndka); roc.test(s100b, ndka); ci(s100b)

Tolerance: the last digit printed.
"""

import numpy as np
import pytest
from scipy.stats import norm

from assay.evaluation import delong_interval
from assay.evaluation.comparison import auc_gain

OUTCOME = (
    "000011010010110010111010000000001001101100000000011000100010"
    "10011101101111000110100000010000000000001111110001000"
)
WFNS = (
    "111132541252551252252111121211342145414255112411255212512221"
    "51125214524414121421232421451154221113125225552445111"
)
S100B = """
13 14 10 4 13 10 47 16 18 10 12 10 44 71 4 8 49 4 7 33 9 9 7 11 7 17 7 11 13 19 5 16
41 14 34 35 48 9 96 25 50 46 16 7 43 45 11 8 9 86 52 8 6 13 207 10 14 15 7 6 77 5 9
30 3 9 4 23 70 9 27 71 8 26 8 16 9 13 10 8 11 33 11 28 7 10 32 22 7 5 24 38 10 15 8
14 10 7 4 19 56 14 58 32 82 74 15 47 17 44 15 50 48
"""
NDKA = """
301 854 809 1042 1740 1275 600 1320 1554 601 1596 1786 518 890 1341 2075 1160 1611
3237 5482 3241 4994 4034 947 629 1253 654 630 8030 1280 980 981 985 1821 503 1404
2193 802 742 838 659 963 1312 796 1434 4143 763 706 1259 1356 387 944 766 1298 41919
2719 2227 995 2122 1173 1040 5883 639 1109 1222 1367 1721 2263 1290 970 2157 823
7257 1554 1051 1060 1457 519 963 461 2148 1730 1271 944 1107 1946 1083 537 1197 775
983 1055 2849 853 1257 1290 4683 1168 1267 901 957 3406 1172 1426 4761 1167 2458
1033 1387 1589 2243 679 1345
"""
POOR = np.array([int(digit) for digit in OUTCOME], dtype=float)
MARKERS = {
    "wfns": np.array([int(digit) for digit in WFNS]) / 10,
    "s100b": np.array([int(number) for number in S100B.split()]) / 1_000,
    "ndka": np.array([int(number) for number in NDKA.split()]) / 100_000,
}


def test_the_patients_are_those_of_the_paper():
    assert len(POOR) == 113
    assert POOR.sum() == 41
    assert {len(marker) for marker in MARKERS.values()} == {113}


@pytest.mark.parametrize(
    ("marker", "auc", "low", "high"),
    [
        ("s100b", 0.7313685637, 0.6301182118, 0.8326189156),
        ("wfns", 0.8236788618, 0.7485, 0.8988),
        ("ndka", 0.6119579946, 0.5012, 0.7227),
    ],
)
def test_one_auc_has_the_published_interval(marker, auc, low, high):
    found = delong_interval(POOR, MARKERS[marker])
    digits = 5e-5 if marker != "s100b" else 1e-9
    assert found.value == pytest.approx(auc, abs=1e-9)
    assert found.low == pytest.approx(low, abs=digits)
    assert found.high == pytest.approx(high, abs=digits)


@pytest.mark.parametrize(
    ("worse", "better", "low", "high", "z", "digits"),
    [
        ("s100b", "wfns", 0.01040617696, 0.17421441925, 2.209, 5e-4),
        ("ndka", "wfns", 0.06340117, 0.36004056, 2.7978, 5e-5),
        ("ndka", "s100b", -0.04887060642, 0.28769174463, 1.39077, 5e-6),
    ],
)
def test_two_correlated_aucs_have_the_published_interval_and_test(
    worse, better, low, high, z, digits
):
    found = auc_gain(POOR, MARKERS[worse], MARKERS[better])
    assert found.low == pytest.approx(low, abs=1e-8)
    assert found.high == pytest.approx(high, abs=1e-8)
    error = (found.high - found.value) / norm.ppf(0.975)
    assert found.value / error == pytest.approx(z, abs=digits)
