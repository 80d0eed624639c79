"""
Prints the values that tests of intervals, tests and judges compare with, from other implementations.
Run by hand in an environment with scipy 1.17, statsmodels 0.15 and scikit-learn 1.9: python reference.py
"""
from scipy.stats import t
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

print("seedInterval.ts, 97.5 % of Student's t:", [float(t.ppf(0.975, d)) for d in [*range(1, 31), 31, 50, 100]])
for p_values in ([0.01, 0.04, 0.03, 0.005, 0.2], [0.5, 0.0001, 0.02]):
    print("holm:", p_values, multipletests(p_values, method="holm")[1].tolist())

lo, hi = proportion_confint(120, 400, method="wilson")
centre = 5 / 101
half = 1.959963984540054 * ((12 / 101 - centre**2) / 101) ** 0.5
print("predictionPowered:", 0.35 - ((0.3 - lo) ** 2 + (0.05 - (centre - half)) ** 2) ** 0.5,
      0.35 + ((hi - 0.3) ** 2 + (centre + half - 0.05) ** 2) ** 0.5)
print("differenceInterval:", confint_proportions_2indep(6, 40, 18, 40, method="newcomb", compare="diff"))

texts = ["the venom blade cuts", "the blade cuts the rope", "warm bread with butter", "bread with warm milk",
         "venom in the milk", "butter the bread"]
terms = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
judge = LogisticRegression(C=10, max_iter=100_000, tol=1e-12).fit(terms.fit_transform(texts), [1, 1, 0, 0, 1, 0])
asked = ["the venom blade", "warm bread", "milk", "the bread with venom"]
print("harmJudge:", dict(zip(asked, judge.predict_proba(terms.transform(asked))[:, 1].tolist())))
