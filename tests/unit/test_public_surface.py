"""Public names and command-line flags, frozen: a change here is meant."""

from __future__ import annotations

import dataclasses
import importlib
import re
from pathlib import Path

import pytest

from winnow.cli import main
from winnow.core import CODES
from winnow.grokking.recipe import GrokRecipe
from winnow.tickets.recipe import FindRecipe

ROOT = Path(__file__).parents[2]

RECIPE_FLAGS = """
--augment --batch --controls --data --decay --densities --draws --drop --during --early-bird --evaluate-every --fixed
--learning-rate --levels --milestones --model --momentum --optimizer --output-layer --prunable --pruning
--rate-conv --rate-fc --rate-output --replicates --rewind --rewinding --rounds --scaling --schedule --scope --score
--score-images --score-rounds --seed --steps --structure --update-every --update-until --validation --warmup
--weight-decay
"""
RUN_FLAGS = "--recipe --device --dry-run --execution --json --out " + RECIPE_FLAGS
FIND_FLAGS = "--method --checkpoint-seconds " + RUN_FLAGS
SWEEP_FLAGS = FIND_FLAGS + " --grid --jobs --ray --threads"
GROK_FLAGS = """
--batch --beta1 --beta2 --checkpoint-seconds --data --device --dry-run --evaluate-early --evaluate-every --fraction
--init-scale --jobs --json --learning-rate --loss --loss-threshold --network --no-page --optimizer --out --page
--rate --recipe --record-every --replicates --rest --seed --snapshot-every --stack --steps --task --threshold
--ticket-at --ticket-steps --weight-decay
"""
SUPERNET_FLAGS = """
--augment --average --batch --budget --calibration --checkpoint-seconds --data --dry-run --height --json
--learning-rate --least-macs --mirror --no-augment --no-mirror --no-page --no-proximal --no-tokens --optimizer --out
--page --progress --proximal --prune-every --reactivation --recipe --retrain-steps --rho --rho-ramp --schedule --score
--search --search-every --seed --smoothing --space --sparsity --steps --task --threshold --tokens --validation
--weight-decay --width
"""
OWN_TRAINING_FLAGS = "--batch --data --device --learning-rate --optimizer --scaling --seed --steps --validation"
ENGINE_FLAGS = "--allow-remote --compose --concurrency --encoder --endpoint --engine --key-variable --model"
MATCH_FLAGS = (
    """--as-of --dry-run --json --note-kinds --only --only-trials --operator --out --patients --policy
--rank-by --store --tiers --top --trials """
    + ENGINE_FLAGS
)
FLAGS = {
    "": "",
    "tour": "--device --dry-run --json --out --replicates --seed",
    "tickets": "",
    "tickets find": FIND_FLAGS,
    "tickets show": "--json --path",
    "tickets analyse": "--json --levels --run",
    "tickets compare": "--branches --json --labels --metric --out",
    "tickets export": "--format --json --level --out --replicate --run",
    "tickets bench": "--batches --json --level --repeats --replicate --run --threads",
    "tickets connect": """--at --batchnorm --checkpoint-seconds --children --device --dry-run --execution --json
        --levels --masks --out --points --replicates --split""",
    "tickets sweep": SWEEP_FLAGS,
    "tickets transfer": "--head --source --source-levels " + RUN_FLAGS,
    "grok": "",
    "grok run": "--branches " + GROK_FLAGS,
    "grok ticket": "--controls " + GROK_FLAGS,
    "grok sweep": "--of --over --values " + GROK_FLAGS,
    "grok compare": "--accelerators --tickets --tuning-seeds --tuning-steps " + GROK_FLAGS,
    "grok figures": "--branches --json --run",
    "supernet": "",
    "supernet draw": "--measure-every " + SUPERNET_FLAGS,
    "supernet ablate": "--jobs --pipelines --seeds --sparsities " + SUPERNET_FLAGS,
    "supernet transfer": "--arms --jobs --seeds --source " + SUPERNET_FLAGS,
    "supernet export": "--format --json --layers --no-scale --out --run --scale",
    "supernet bench": "--batches --json --rounds --run --threads",
    "ownership": "",
    "ownership keygen": "--json --out --passphrase-file",
    "ownership sign": """--allow-remote --bundle --code --dry-run --identity --json --keys --margin --model-id --out
        --passphrase-file --release-start --stamp-dir --stamp-url --ticket --trained --triggers """
    + OWN_TRAINING_FLAGS,
    "ownership inspect": "--identity --json --owner --passphrase-file --path --reveal --root --to",
    "ownership verify": """--allow-remote --answers --claim --decoys --endpoint --json --onnx --other-claim
        --other-secret --out --owner --page --questions --root --secret --suspect --suspects-tried""",
    "ownership attack": "--attack --json --key --list --out --passphrase-file --signed --strength "
    + OWN_TRAINING_FLAGS,
    "ownership audit": "--attacks --dry-run --json --key --out --passphrase-file --seeds --signed "
    + OWN_TRAINING_FLAGS,
    "trials": "",
    "trials import": "--json --merge --operator --patients --store --trials",
    "trials match": MATCH_FLAGS,
    "trials rescreen": MATCH_FLAGS,
    "trials rank": "--json --patient --policy --rank-by --store --trial",
    "trials ask": "--as-of --criterion --exclusion --json --patient --patients " + ENGINE_FLAGS,
    "trials evaluate": "--data --encoder --json --out --reader --seeds",
    "trials audit": "--criterion --export --json --operator --patient --reviews --store",
    "trials tune": "--base --data --encoder --engine --json --lines --out --seed",
    "trials forget": "--caches --json --operator --patient --store",
    "runs": "--json --root",
    "report": "--json --run",
    "doctor": "--json",
}

NAMES = {
    "winnow.core": """Address CODES Step WinnowError canonical_json checked_address chosen derive_seed digest identity
        is_loopback non_default_fields plain""",
    "winnow.storage": """Metric RunFolder cache_root environment held_folder list_runs query read_json replacing
        replacing_folder write_json write_part write_text""",
    "winnow.sparsity": """Evidence Layer LayerReport Mask PROBING Pool Probe SCHEDULES SCOPES SCORES Ticket compression
        from_torch_prune hamming jaccard ladder layer_report listed load_into load_sparse load_tensors multiply_adds
        prunable_layers prune prune_in_rounds save_sparse save_tensors schedule_named scope_named score_named speed_up
        structure_named tensors_of to_torch_prune weights_of""",
    "winnow.models": """MODELS Model check_fit conv_2 conv_2_dropout conv_4 conv_4_dropout conv_6 conv_6_dropout
        lenet_300_100 model_named model_of resnet_20 resnet_50 vgg_19""",
    "winnow.networks": "Compacted Graph GraphNetwork Node Unsupported compact fold_normalisation trace",
    "winnow.execution": "Job Local Outcome Place RayCluster hold_memory run",
    "winnow.exports": "Exported FORMATS Row bench export load_exported read_exported",
    "winnow.language": """AnswerCache ChatEndpoint ChatExample ChatFailure EncoderClassifier EncoderTokenizer
        KeptEncoder LoraSettings PairReader PairStart ReaderSettings SentenceEncoder TextEncoder Tuned composer encoder
        pair_start purge_embeddings sentence_encoder text_encoder tune_lora""",
    "winnow.trials.patients": """LeftOut Note NoteRules Patient Selected Unread age_on last_day read_patients
        select_notes""",
    "winnow.trials.registry": "Reading Trial Unread fetch_trials read_age read_trials",
    "winnow.trials.criteria": "Criterion account leftover split_criteria",
    "winnow.trials.composition": """All Any Ask AtLeast Comparison Composed Form Literal Negated Quantity Question
        TierRules Window compose compose_with convert describe read_quantities tier_of to_dnf truth""",
    "winnow.trials.retrieval": """Chart Chunk Encoder Found Hit Piece Pool Sentence content_words is_family_history
        looks_like_instruction open_chart open_pool split_text""",
    "winnow.trials.answering": "Answer Asked Engine Quote TellsEvidence Tokens",
    "winnow.trials.scoring": """NextQuestion Policy SCORES Standing TierCount Verdict counting decide iterative
        next_questions overridden probability ranked standing tier_counts weighted""",
    "winnow.trials.matching": """Difference Effort MatchSettings Matcher PatientMatch PreparedTrial difference
        prepare_trials""",
    "winnow.trials.store": """Event Given Head Imported Key Review Run Snapshot Store given open_store review_from
        verify_export""",
    "winnow.trials.report": "NOTICE render_worklist worklist write_sheets write_worklist",
    "winnow.trials.screening": """Audit CriterionAnswer EngineChoice Imports MatchReport MatchRequest ask_criterion
        audit_store import_files rank_patients rank_trials run_match sentence_encoder_named""",
    "winnow.trials.annotations": "AnswerRow CLASSES DISQUALIFYING FACT patient_folds read_answer_rows",
    "winnow.data": "BatchOrder DataSet Split augment describe load",
    "winnow.tickets": """ConnectSettings FindRecipe Prepared analyse compare connect find load_ticket prepare
        prepare_transfer summarise sweep transfer write_connect_page write_report""",
    "winnow.training": """CheckpointFile EXECUTIONS Execution LOSSES Member OPTIMIZERS Progress RATE_SCHEDULES Stack
        StackOptimizer StackResult Trained TrainingPlan device_named engine_for execution_for loss_named progress_for
        rate_factor train""",
    "winnow.grokking": """ACCELERATORS BASES Branch GrokRecipe Grokked Member Plan StudyResult network_named plan_study
        run_study task_named train write_study_page""",
    "winnow.grokking.tasks": "Sizes Split TASKS Task sizes_named task_named",
    "winnow.grokking.networks": "GrokModule NETWORKS Network PairMlp network_named parameters",
    "winnow.grokking.stacks": "Grokked LOSSES Member Plan RULES Supermask train",
    "winnow.grokking.accelerators": "ACCELERATORS Accelerator GRIDS accelerator_named",
    "winnow.grokking.masks": """METHODS ROUNDS iterative_rates magnitude_mask matched next_iterative_mask
        norm_matched_start saliency_mask saliency_scores""",
    "winnow.grokking.branches": "BASES Branch Done Given Made Problem Streams base_named needs supermask_kind",
    "winnow.grokking.measures": """ALL CircuitLosses GraphMeasures MEAN Norms Periodicity TOKEN_AXES Times
        adjacent_distances authors_entropy average_degree chance_distance chance_distances circuit_losses clustering
        crossing distance_matrices dominant_frequency excluded_logits frequency_entropy frequency_shares
        graph_measures key_frequencies logit_table mask_distances masked_norms mean_norms neuron_power neuron_rows
        norm_ratios path_length periodicities periodicity ramanujan_gap relational_graph restricted_logits
        spectral_gap steepest table_loss third_eigenvalue ticket_periodicity times_of top_share wave_power""",
    "winnow.grokking.studies": """Batch GrokRecipe RunRecord STACK StudyFolder StudyPlan StudyResult TuningPlan Work
        chance_of opened plan_study plan_tuning read_run read_study run_study run_tuning""",
    "winnow.grokking.figures": """FIGURES FigureKind drawn_rows findings run_rows summary_rows write_animation
        write_study_page""",
    "winnow.signing": """Aligned AxisGroup AxisUse Check Claim Decoded Hits Identity KeyStream KeyedLayer Layout Party
        Pending Positions Priority Reading Secret Stamp Suspect TestAuthority TriggerRule Triggers Verdict add_stamp0
        add_stamp1 adjusted align answers_of axes_from_plain axes_to_plain begin_claim burn_key burnt_keys
        check_claim check_reveal check_stamp create_bundle_key decode derive_key differences encode http_answers
        http_stamper judge keyed_positions load_roots load_secrets log2_binomial_tail log2_sign_flip onnx_answers
        payload_bits plan_layout priority read read_claim read_pending read_reference read_reveal read_rotation
        read_suspect request rotate save_secrets seal_claim sent_bits sign_bundle stamp_of successors
        test_answers trigger_set verdict_page verify_bundle verify_signature write_reveal write_verdict""",
    "winnow.ownership": """ATTACKS Attack Attacked Begun MarkReport Places Signed Source Target Terms TrainedTicket
        attack_named audit begin carried_out coupled_axes findings folded leads_of mark open_source opened_target padded
        permuted planned rescaled seal sign_flipped sign_ticket split train_marked trigger_rule with_triggers
        write_report""",
    "winnow.data.vision": "TASKS VOID VisionSet VisionSplit describe_vision load_vision",
    "winnow.supernet.space": """Architecture BlockCost BlockPlace Costs SPACES Space Stage TASKS block_places costs_of
        dense_architecture penalties space_named""",
    "winnow.supernet.network": """Norm SearchBlock Supernet assembled build importances maskable search_blocks supernet
        token_importances""",
    "winnow.supernet.surgery": "Cuts Shrunk cut_tensors fold_dead folded plan_cuts shrink",
    "winnow.supernet.training": """Hidden Learner Penalty Phase Trained decay_at dense_macs masked rate_factor
        recalibrate ticket_network token_penalties train_phases unit_penalties within_budget""",
    "winnow.supernet.tasks": """Classification Keypoints Segmentation SkeletonEdge Task colour_of legend overlay
        skeleton task_for trivial""",
    "winnow.supernet.scenes": "LANDMARKS Scenes compose write_scenes",
    "winnow.supernet.compact": """Accounting BenchRow CompactNet LayerCost OnnxFile Percentiles Saved StoredBlock
        VARIANTS accounting bench compacted export_onnx load_network masked save_network to_ticket
        with_stored_weights""",
    "winnow.supernet.studies": """ABLATIONS ARMS Cell Comparison DrawPlan DrawResult Measured PIPELINES Pipeline Problem
        Source Study Work ablate dense_small pipeline_named plan_ablation plan_draw plan_transfer
        problem_of read_comparison read_draw read_source run_draw transfer""",
    "winnow.supernet.figures": """Drawn NetworkPoint Outcome dots examples latency layer_densities layer_table movement
        picture tradeoff write_ablation_page write_draw_page write_transfer_page""",
    "winnow.kernels": "BreakEven SparseNetwork break_even measured",
    "winnow.recipes": """METHODS Method RECIPES conv2_cifar10 conv2_cifar10_dropout conv2_digits conv4_cifar10
        conv4_cifar10_dropout conv6_cifar10 conv6_cifar10_dropout encoder_text lenet_digits lenet_mnist recipe_named
        resnet18_cifar10 resnet18_cifar10_high resnet18_cifar10_warmup resnet20_cifar10 resnet20_digits
        resnet50_imagenet vgg19_cifar10 vgg19_cifar10_high vgg19_cifar10_warmup with_method""",
}


@pytest.mark.parametrize("command", FLAGS)
def test_the_flags_of_every_command_are_frozen(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([*command.split(), "--help"])
    shown = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", capsys.readouterr().out))
    assert shown - {"--help", "--version"} == set(FLAGS[command].split())


@pytest.mark.parametrize("package", NAMES)
def test_the_public_names_of_every_package_are_frozen(package: str) -> None:
    module = importlib.import_module(package)
    source = Path(str(module.__file__)).read_text()
    exported = set(re.findall(r"import (\w+) as \1\b", source))
    assert exported == set(NAMES[package].split())
    assert all(hasattr(module, name) for name in exported)


@pytest.mark.parametrize("package", NAMES)
def test_every_public_name_is_documented(package: str) -> None:
    module = importlib.import_module(package)
    for name in NAMES[package].split():
        value = getattr(module, name)
        if callable(value):
            assert value.__doc__, f"{package}.{name} has no docstring"


@pytest.mark.parametrize("recipe", [FindRecipe, GrokRecipe])
def test_every_field_of_a_recipe_has_help(recipe: type) -> None:
    assert all(len(field.metadata["help"]) > 5 for field in dataclasses.fields(recipe))


def test_the_list_of_errors_is_the_one_in_the_documentation() -> None:
    rows = re.findall(r"^\| (WN-\w+) \| (.+?) \|", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE)
    assert dict(rows) == CODES


def test_ci_runs_the_readmes_second_command() -> None:
    commands = re.findall(r"^    (python3 -m venv .+)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert len(commands) == 2
    assert commands[1] in (ROOT / ".ci" / "run").read_text()
