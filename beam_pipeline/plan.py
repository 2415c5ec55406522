"""What a run is going to do, resolved once: options are words, a `RunPlan` is what they stand for.

Every file that an option names for the run as a whole is read here, and only here: the list of inputs, the domains, the
exemplars, the thresholds of the screen, the shares of the domains. What is wrong in one is one line before any graph.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from beam_pipeline.options.config import PipelineConfig
from beam_pipeline.options.decontamination import OF_EMBEDDINGS, Decontamination, read_decontamination
from beam_pipeline.options.limits import limits_of
from beam_pipeline.options.model_settings import Models, embedding_model, stage_models
from beam_pipeline.options.named_values import YAML_NAMES
from beam_pipeline.options.paths import absolute, absolute_paths
from beam_pipeline.options.thresholds import read_thresholds
from beam_pipeline.options.values import option_named
from beam_pipeline.reading.exemplar_banks import read_domains, read_exemplars
from beam_pipeline.reading.input_list import InputSpec, read_inputs
from beam_pipeline.reading.prompt_files import NO_FOLDER, PromptFolder, read_prompt_files
from beam_pipeline.review.edits_file import read_edits
from beam_pipeline.storage.matching import read_text
from prompts.exemplar_bank import Exemplar
from prompts.load import PromptSet, load_domains, load_prompts
from transforms.inference.config import EmbeddingConfig
from transforms.inference.scheduling.budget import Limits
from transforms.mix import MixConfig, parse_shares, resolve_shares
from transforms.own_stage import OwnStage, find_own, record_after
from transforms.review import Edits
from transforms.screen import ScreenConfig


@dataclass(frozen=True)
class RunPlan:
    """One run, resolved.

    Attributes:
        config: its options, for whatever needs no file to be known.
        inputs: the entries of `--inputs`; () without it.
        prompts: the prompts of its stages, with its domains.
        bank: the exemplars of every domain by its name.
        screen: the thresholds of the screen.
        mix: which pairs are left out so that the output has the mix that is wanted; None if any mix will do.
        limits: where it is to stop; None without a limit.
        models: how each stage asks its model. A name that the endpoint must be asked for is "" until then.
        embedding: how texts are embedded, its model's name as above; None if they are not.
        decontamination: how pairs are compared with benchmarks.
        name: what tells its files from those of other runs in one folder.
        own_prompts: what the folder of `--prompts` holds.
        own_stages: stages of one's own, by the name of the stage that they follow.
        packs: name, version, size and digest of each pack among its benchmarks.
        edits: what a reviewer says of rows, by stages and ids.
    """

    config: PipelineConfig
    inputs: tuple[InputSpec, ...]
    prompts: PromptSet
    bank: Mapping[str, tuple[Exemplar, ...]]
    screen: ScreenConfig
    mix: MixConfig | None
    limits: Limits | None
    models: Models
    embedding: EmbeddingConfig | None
    decontamination: Decontamination
    name: str = ""
    packs: tuple[str, ...] = ()
    own_prompts: PromptFolder = NO_FOLDER
    own_stages: Mapping[str, tuple[OwnStage, ...]] = field(default_factory=dict)
    edits: Mapping[str, Edits] = field(default_factory=dict)

    def under(self, config: PipelineConfig) -> "RunPlan":
        """The same plan under options that were completed since: where the models' replies are kept, who shares an endpoint."""
        return replace(self, config=config, models=stage_models(config), embedding=embedding_model(config, self.decontamination))

    def with_stages_of(self, config: PipelineConfig) -> "RunPlan":
        """The same plan under options that have other stages."""
        return replace(self.under(config), prompts=run_prompts(config, self.own_prompts), limits=limits_of(config))

    def absolute(self) -> "RunPlan":
        """The same plan with every local path as seen from anywhere: workers elsewhere have other working directories."""
        inputs = tuple(spec.model_copy(update={"path": [absolute(path) for path in spec.path]}) for spec in self.inputs)
        return replace(self.under(absolute_paths(self.config)), inputs=inputs)


def make_plan(config: PipelineConfig) -> RunPlan:
    """Read what the options name. ValueError, one line that says which, if a file cannot be read or used; below as well."""
    inputs = read_inputs(config)
    with option_named("prompts"):
        own = read_prompt_files(config.prompts)
    prompts, decontamination = run_prompts(config, own), decontamination_settings(config)
    with option_named("prompts"):
        first = own.bank(prompts.domains)
    with option_named("exemplars"):
        bank = read_exemplars(prompts.domains, config.exemplars, config.exemplars_mode == "replace", first)
    return RunPlan(
        config,
        inputs,
        prompts,
        bank,
        screen_config(config, inputs),
        mix_config(config, prompts),
        limits_of(config),
        stage_models(config),
        embedding_model(config, decontamination),
        decontamination,
        own_prompts=own,
        own_stages=own_stages(config),
        edits=read_edits(config),
    )


def own_stages(config: PipelineConfig) -> dict[str, tuple[OwnStage, ...]]:
    """The stages of one's own, each looked for, by the name of the stage that they follow."""
    found: dict[str, tuple[OwnStage, ...]] = {}
    for own in config.own_stages:
        with option_named(f"stage {own}"):
            stage = OwnStage(own.module, own.attribute, own.name, record_after(own.after))
            find_own(stage.module, stage.attribute, stage.record)
        found[own.after] = (*found.get(own.after, ()), stage)
    return found


def run_prompts(config: PipelineConfig, own: PromptFolder = NO_FOLDER) -> PromptSet:
    """The prompts of the stages that a run has, with its domains and number of personas filled in."""
    domains = own.domains or load_domains()
    if config.domains:
        with option_named("domains"):
            domains = read_domains(config.domains, config.domains_mode == "replace", domains)
    with option_named("prompts"):
        return load_prompts(domains, config.max_personas, config.model_stages, own.prompts)


def screen_config(config: PipelineConfig, inputs: tuple[InputSpec, ...] = ()) -> ScreenConfig:
    """The screen's thresholds, with what the options say of them, and the inputs of their languages."""
    with option_named("screening"):
        thresholds = read_thresholds(config.screening)
    return ScreenConfig(
        source_languages=tuple((spec.source, tuple(spec.languages)) for spec in inputs if spec.languages),
        min_tokens=config.min_document_tokens,
        max_document_tokens=config.max_document_tokens,
        long_documents=config.long_documents,
        languages=tuple(config.languages),
        near_duplicates=config.near_duplicates,
        tokenizer=config.tokenizer,
        **thresholds,
    )


def decontamination_settings(config: PipelineConfig) -> Decontamination:
    """How pairs are compared with benchmarks."""
    with option_named("decontamination"):
        settings = read_decontamination(config.decontamination)
        if not config.embedding_endpoint and (own := [name for name in OF_EMBEDDINGS if name in settings.model_fields_set]):
            raise ValueError(f"{own[0]} needs --embedding_endpoint")
    return settings


def mix_config(config: PipelineConfig, prompts: PromptSet) -> MixConfig | None:
    """Which pairs to leave out so that the output has the mix that is wanted; None if any mix will do."""
    shares: tuple[tuple[str, float], ...] = ()
    if config.domain_shares:
        given = config.domain_shares
        with option_named("domain_shares"):
            text = read_text(given) if given.lower().endswith(YAML_NAMES) else given
            shares = resolve_shares(parse_shares(text), prompts.domains)
    limits = config.max_pairs_per_document, config.max_pairs_per_source, config.max_pairs_per_domain
    return MixConfig(*limits, domain_shares=shares) if any(limits) or shares else None
