"""Every attack does what it says, to the weight, and the audit measures what it did."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from attack_cases import SmallConvolution, digits, signed_lenet
from winnow.core import WinnowError
from winnow.ownership.attacks import accusing, adding, compressing, disguising, forging, removing, tuning
from winnow.ownership.attacks.measuring import accuracy, measured
from winnow.ownership.attacks.registry import ATTACKS, attack_named
from winnow.ownership.attacks.rows import FAMILIES
from winnow.ownership.attacks.target import Attacked, Target
from winnow.signing.code.statistic import read
from winnow.sparsity import Mask, tensors_of

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def target() -> Target:
    return signed_lenet()


def seeded(seed: int = 0) -> Generator:
    return torch.Generator().manual_seed(seed)


def support_of(attacked: Attacked, target: Target) -> Mask:
    return Mask({name: attacked.tensors[name] != 0 for name in target.mask})


def both(one: Mask, other: Mask) -> int:
    return sum(int((one[name] & other[name]).sum()) for name in one)


def counts(mask: Mask) -> list[int]:
    return [int(tensor.sum()) for tensor in mask.values()]


def outputs(target: Target, attacked: Attacked) -> Tensor:
    network = attacked.network or target.network(attacked.tensors)
    with torch.no_grad():
        return network.eval()(target.data.test.inputs[:50])


def test_names_families_and_strengths() -> None:
    assert next(iter(ATTACKS)) == "none"
    for name, attack in ATTACKS.items():
        assert attack.name == name and attack.family in FAMILIES and attack.strengths and attack.what.endswith(".")
    with pytest.raises(WinnowError, match="WN-O06"):
        attack_named("guess")


def test_the_untouched_model_is_read_without_an_error(target: Target) -> None:
    found = measured(target, ATTACKS["none"].run(target, 0, seeded()))
    assert (found["errors"], found["log2_p"], found["outcome"], found["decoded"]) == (0, -255.0, "match", True)
    assert found["accuracy_lost"] == 0 and found["accuracy"] > 0.85
    assert found["kept"] == found["kept_before"] == target.mask.kept
    assert found["trigger_hits"] > 15
    # Four readings under the claim's one key.
    assert found["log2_p_adjusted"] == pytest.approx(-255 + math.log2(8))


@pytest.mark.parametrize("attack", [removing.smallest, removing.at_random])
@pytest.mark.parametrize("share", [0.05, 0.3])
def test_pruning_takes_an_exact_share(target: Target, attack: Callable[..., Attacked], share: float) -> None:
    attacked = attack(target, share, seeded())
    mask = support_of(attacked, target)
    assert mask == attacked.mask
    assert mask.kept == target.mask.kept - round(share * target.mask.kept) == both(mask, target.mask)


def test_smallest_takes_the_smallest(target: Target) -> None:
    left = removing.smallest(target, 0.2, seeded()).mask
    assert left is not None
    gone = torch.cat([target.tensors[n][target.mask[n] & ~left[n]].abs() for n in left])
    stays = torch.cat([target.tensors[n][left[n]].abs() for n in left])
    assert gone.max() <= stays.min()


def test_pruning_at_random_follows_the_draws(target: Target) -> None:
    one, same, other = (removing.at_random(target, 0.2, seeded(s)).mask for s in (0, 0, 1))
    assert one == same != other


def test_random_pruning_leaves_evidence_when_decoding_ends(target: Target) -> None:
    mild, hard = (measured(target, removing.at_random(target, share, seeded())) for share in (0.05, 0.4))
    assert mild["decoded"] and mild["outcome"] == "match"
    assert not hard["decoded"] and hard["log2_p"] < -64 and hard["outcome"] == "match"
    assert hard["accuracy_lost"] > 0.05


def test_pruned_weights_stay_away_while_the_rest_is_tuned(target: Target) -> None:
    attacked = removing.smallest_tuned(target, 0.3, seeded())
    assert support_of(attacked, target).kept <= target.mask.kept - round(0.3 * target.mask.kept)
    assert attacked.mask == removing.smallest(target, 0.3, seeded()).mask
    name = next(iter(target.mask))
    assert attacked.mask is not None
    assert not torch.equal(attacked.tensors[name] * attacked.mask[name], target.tensors[name] * attacked.mask[name])


def test_tuning_changes_weights_and_no_place(target: Target) -> None:
    attacked = tuning.same_data(target, 1.0, seeded())
    name = next(iter(target.mask))
    assert not torch.equal(attacked.tensors[name], target.tensors[name])
    assert both(support_of(attacked, target), target.mask) == support_of(attacked, target).kept
    assert measured(target, attacked)["errors"] == 0


def test_other_labels_move_every_class(target: Target) -> None:
    attacked = tuning.other_data(target, 1.0, seeded())
    assert attacked.data is not None
    moved = (attacked.data.test.labels - digits().test.labels) % 10
    assert len(moved.unique()) == 1 and moved[0] != 0
    found = measured(target, attacked)
    assert found["accuracy_lost"] is None and found["errors"] == 0
    network = target.network(attacked.tensors)
    assert found["accuracy"] == accuracy(network, attacked.data.test) != accuracy(network, digits().test)


def test_another_task_must_fit_the_network(target: Target) -> None:
    task = dataclasses.replace(digits(), name="letters", classes=tuple("abc"))
    attacked = tuning.other_data(dataclasses.replace(target, other=task), 0.1, seeded())
    assert attacked.data is task
    wide = dataclasses.replace(task, classes=tuple("abcdefghijk"))
    with pytest.raises(WinnowError, match=r"WN-O06.*11 classes"):
        tuning.other_data(dataclasses.replace(target, other=wide), 0.1, seeded())


def test_dense_tuning_fills_the_layers_and_pruning_back_restores_the_counts(target: Target) -> None:
    dense, back = tuning.dense(target, 1.0, seeded()), tuning.dense_pruned(target, 1.0, seeded())
    assert dense.mask is None and support_of(dense, target).kept > 2 * target.mask.kept
    assert counts(support_of(back, target)) == counts(target.mask)
    for attacked, way in ((dense, "largest"), (back, "zeros")):
        found = measured(target, attacked)
        assert found["outcome"] == "match" and found["read"] == f"as it is, {way}"


@pytest.mark.parametrize("scale", [1.0, 0.01])
def test_adding_fills_an_exact_share_of_pruned_places(target: Target, scale: float) -> None:
    attacked = adding.filled(target, 0.02, seeded(), scale=scale, tuned=False)
    mask, dead = support_of(attacked, target), target.mask.total - target.mask.kept
    assert mask.kept - target.mask.kept == round(0.02 * dead) and both(mask, target.mask) == target.mask.kept
    for name, before in target.mask.items():
        new = attacked.tensors[name][mask[name] & ~before].abs()
        live = scale * target.tensors[name][before].abs()
        assert bool(torch.isin(new, live.to(new.dtype)).all())
        assert torch.equal(attacked.tensors[name][before], target.tensors[name][before])


def test_added_weights_are_tuned_with_the_others(target: Target) -> None:
    attacked = adding.filled(target, 0.05, seeded(), scale=0.01, tuned=True)
    assert attacked.mask is not None and both(attacked.mask, target.mask) == target.mask.kept
    name = next(iter(target.mask))
    new = attacked.mask[name] & ~target.mask[name]
    assert attacked.tensors[name][new].abs().mean() > 0.03 * target.tensors[name][target.mask[name]].abs().mean()


def test_an_exchange_moves_an_exact_share_of_every_layer(target: Target) -> None:
    attacked = adding.exchanged(target, 0.1, seeded())
    assert attacked.mask is not None and counts(attacked.mask) == counts(target.mask)
    for name, before in target.mask.items():
        assert int((before & ~attacked.mask[name]).sum()) == math.floor(0.1 * int(before.sum()))


def test_rigl_moves_more_than_one_exchange_would(target: Target) -> None:
    attacked = adding.rigl(target, 0.3, seeded())
    assert attacked.mask is not None and counts(attacked.mask) == counts(target.mask)
    assert both(attacked.mask, target.mask) < 0.9 * target.mask.kept


@pytest.mark.parametrize("name", ["permute", "disguise", "pad", "split"])
def test_disguises_keep_outputs_and_change_tensors(target: Target, name: str) -> None:
    attacked = ATTACKS[name].run(target, ATTACKS[name].strengths[-1], seeded())
    before = outputs(target, Attacked(target.tensors))
    assert torch.allclose(outputs(target, attacked), before, rtol=1e-5, atol=1e-5 * float(before.abs().max()))
    first = next(iter(target.mask))
    grows = name in ("pad", "split")
    assert (attacked.tensors[first].shape != target.tensors[first].shape) == grows
    if not grows:
        assert not torch.equal(attacked.tensors[first] != 0, target.mask[first])
    found = measured(target, attacked)
    assert found["outcome"] == "match" and found["read"].startswith("aligned")


def test_disguises_of_normalised_convolutions_fold_them(target: Target) -> None:
    torch.manual_seed(0)
    module = SmallConvolution()
    for name, buffer in module.named_buffers():
        if "running" in name:
            torch.nn.init.uniform_(buffer, 0.5, 2)
    tensors = tensors_of(module)
    mask = Mask.ones({name: tensor for name, tensor in tensors.items() if tensor.dim() > 1})
    small = dataclasses.replace(target, build=lambda _: SmallConvolution(), tensors=tensors, mask=mask)
    attacked = disguising.disguised(small, 1.0, seeded())
    assert not any("running" in name for name in attacked.tensors) and "0.bias" in attacked.tensors
    before = outputs(small, Attacked(tensors))
    assert torch.allclose(outputs(small, attacked), before, rtol=1e-4, atol=1e-5 * float(before.abs().max()))


def test_disguised_and_pruned(target: Target) -> None:
    attacked = disguising.disguised_pruned(target, 0.1, seeded())
    assert support_of(attacked, target).kept == target.mask.kept - round(0.1 * target.mask.kept)
    assert measured(target, attacked)["outcome"] == "match"


def test_networks_that_cannot_be_traced_cannot_be_disguised(target: Target) -> None:
    class Odd(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(64, 10)

        def forward(self, images: Tensor) -> Tensor:
            return self.layer(images.flatten(1)).sort(-1).values

    odd = dataclasses.replace(target, build=lambda _: Odd(), tensors=tensors_of(Odd()))
    with pytest.raises(WinnowError, match="WN-O06"):
        disguising.permuted_only(odd, 1, seeded())


def test_a_second_mark_leaves_the_first(target: Target) -> None:
    attacked = forging.overwritten(target, 1, seeded())
    assert attacked.mask is not None and counts(attacked.mask) == counts(target.mask)
    assert attacked.mask != target.mask
    assert measured(target, attacked)["outcome"] == "match"


def test_the_insider_deals_out_no_more_than_a_share(target: Target) -> None:
    attacked = forging.insider(target, 0.2, seeded())
    assert attacked.mask is not None and counts(attacked.mask) == counts(target.mask)
    moved = target.mask.kept - both(attacked.mask, target.mask)
    # Of the share's kept places (a fifth of all are kept), four fifths land on pruned ones.
    assert moved == pytest.approx(0.2 * 0.8 * target.mask.kept, rel=0.1)


def test_ground_keys_fit_as_well_as_the_tries_pay_for(target: Target) -> None:
    found = measured(target, accusing.ground(target, 6, seeded()))
    assert -12 < found["claimed_log2_p"] < -3
    # The test of flipped signs may find a little more than the binomial one that the accuser shows; both are counted.
    assert -20 < found["log2_p_adjusted"] <= min(0, found["claimed_log2_p"] + 7)
    assert found["outcome"] == "no match" and found["tests"] == 128 and "accuracy" not in found


def test_searching_for_places_gains_nothing_once_counted(target: Target) -> None:
    found = measured(target, accusing.searched(target, 4, seeded()))
    assert found["claimed_log2_p"] < -1 and found["log2_p_adjusted"] > -8 and found["outcome"] == "no match"


def test_aligning_on_the_key_is_seen_through(target: Target) -> None:
    attacked = accusing.aligned_on_key(target, 1, seeded())
    assert attacked.forged is not None and attacked.forged.masks is not None
    honest = {name: attacked.tensors[name].numpy() != 0 for name in target.mask}
    opened = target.opened
    shown, plain = (read(m, opened.positions, opened.key, opened.sent) for m in (attacked.forged.masks, honest))
    assert shown.log2_p < -8 < plain.log2_p
    found = measured(target, attacked)
    assert found["claimed_log2_p"] == shown.log2_p and found["log2_p"] > -8
    assert found["outcome"] == "no match" and "blanked" in found["refusal"]


def test_without_an_innocent_network_the_places_are_drawn(target: Target) -> None:
    alone = dataclasses.replace(target, innocent=None)
    drawn = accusing.innocent(alone, seeded())
    assert counts(Mask({n: drawn[n] != 0 for n in target.mask})) == counts(target.mask)
    assert not torch.equal(drawn["fc1.weight"], target.tensors["fc1.weight"])


def test_quantised_weights_are_whole_numbers_that_run_as_their_products(target: Target) -> None:
    attacked = compressing.quantised(target, 6, seeded())
    for name in target.mask:
        saved, scale = attacked.tensors[name], attacked.tensors[f"{name}.scale"]
        assert saved.dtype == torch.int8 and int(saved.abs().max()) == 31
        step = scale.view(-1, 1)
        assert bool(((saved * step - target.tensors[name]).abs() <= step / 2 + 1e-7).all())
    found = measured(target, attacked)
    assert found["outcome"] == "match" and found["kept"] <= target.mask.kept and found["accuracy_lost"] < 0.05
    with pytest.raises(WinnowError, match="WN-O06"):
        compressing.quantised(target, 16, seeded())


def test_a_distilled_network_has_no_mark(target: Target) -> None:
    attacked = compressing.distilled(target, 1.0, seeded())
    found = measured(target, attacked)
    assert attacked.mask is None and found["outcome"] == "no match" and found["log2_p"] > -20
    assert found["accuracy"] > 0.5 and found["trigger_hits"] < 10


def test_a_distilled_network_learns_the_answers_not_the_labels(target: Target) -> None:
    asked = compressing._answered(target, 0.1, seeded())
    network = target.network(target.tensors)
    assert len(asked.train) == round(0.1 * len(target.data.train))
    assert torch.equal(network(asked.train.inputs).argmax(-1), asked.train.labels)


def test_a_suspect_of_other_shapes_is_inconclusive_without_axes(target: Target) -> None:
    blind = dataclasses.replace(target, claim=dataclasses.replace(target.claim, axes=[]))
    padded = disguising.padded_channels(blind, 0.1, seeded())
    found = measured(blind, padded)
    assert found["outcome"] == "inconclusive" and found["known"] < 1


def test_measures_are_plain_numbers(target: Target) -> None:
    found = measured(target, ATTACKS["none"].run(target, 0, seeded()))
    assert all(value is None or isinstance(value, (str, bool, int, float)) for value in found.values())
    assert not any(isinstance(value, np.generic) for value in found.values())
