"""What the training of the fusion writes: its model card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def card(figures: Mapping[str, Any]) -> str:
    """docs/models/fusion.md."""
    fitted, rows = figures["calibration"], figures["rows"]
    compared = "\n".join(
        f"| {name} | {one['log_loss']:.4f} | {100 * one['recall_at_fpr_0.01']:.1f} % | {one['ece_uncalibrated']:.4f} "
        f"| {one['ece_calibrated']:.4f} |"
        for name, one in figures["held_out"].items()
    )
    changed = "\n".join(
        f"| `{code}` | {hand:.2f} | {new:.2f} |" for code, (hand, new) in figures["changes"].items()
    )
    return _CARD.format(
        slope=fitted["shipped"][0],
        offset=fitted["shipped"][1],
        fitted_slope=fitted["fitted"][0],
        fitted_offset=fitted["fitted"][1],
        percent=round(100 * fitted["prevalence"]),
        fitting=rows["fitting"],
        held_out=rows["held out"],
        compared=compared,
        changed=changed,
        verdict=_BETTER if figures["fitted_weights_are_clearly_better"] else _ALIKE,
    )


_BETTER = (
    "The fitted weights are clearly better here: time to look at them, and at what they do to wild mail."
)
_ALIKE = (
    "The fitted weights are not clearly better, so that they stay as set by hand, each beside its reason."
)

_CARD = """\
# Fusion of evidence

<!-- Written by `make train` (tools/train/fusion.py); never edit by hand. -->

- **What it is:** log-odds = prior + sum of the weights of all reasons, capped per group; probability of a message =
  sigmoid({slope} × log-odds + {offset}). Weights stand in `src/mailrisk/data/reasons/`, caps and calibration in
  `src/mailrisk/data/policy.toml`; all are part of the policy that every decision names. **They are set by hand**
  ([why](../decisions/0017-weights-by-hand.md)); this page tells what training finds instead.
- **Trained on** the validation half of SpamAssassin's ham and spam (2002, PDDL) and **synthetic** lures with honest twins
  (training families of `tools/lures`): {fitting:,} rows to fit, {held_out:,} held out, no author or template in both.
  Calibration for {percent} % dangerous mail. phishing_pot, list mail and ccert's mail trained nothing.
- **How:** weights start from those set by hand and are held to them; no sign changes; weights of convicting reasons
  stay; whole groups of evidence are dropped at random. Calibration by Platt's method on the held-out rows:
  sigmoid({fitted_slope} × log-odds + {fitted_offset}), which tells how hard these synthetic lures and twins are.
- **Limits:** the held-out rows are synthetic or from 2002. What the shipped probability is worth on wild mail stands
  in [the evaluation](../evaluation.md); where far more or far less than {percent} % of the mail is dangerous, it says
  too little or too much.

## Weights by hand and fitted, on held-out rows

| weights | log loss | recall at 1 % | calibration error before | after |
|---|---:|---:|---:|---:|
{compared}

{verdict}

## Weights that the fit would change most

| reason | by hand | fitted |
|---|---:|---:|
{changed}
"""
