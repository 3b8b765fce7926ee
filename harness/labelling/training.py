"""What pipelines are fitted on for good, and with what."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from harness.columns.cache import BlockCache
from harness.dataset import Dataset
from harness.fitting.pipeline import FeatureTables, FittedPipeline, fit_pipeline
from harness.fitting.sequences import fit_shared, is_sequence
from harness.networks.device import CPU
from harness.plugins.loading import PluginFile
from harness.recording import Recording
from harness.spec import PipelineSpec


@dataclass(frozen=True)
class Training:
    """What pipelines are fitted on and with."""

    dataset: Dataset
    """What is labelled, without what is to be."""
    pool: tuple[Recording, ...]
    seed: int
    cache: BlockCache
    plugins: tuple[PluginFile, ...] = ()
    device: str = CPU
    """Where networks learn."""

    def fit_again(self) -> Callable[[str, PipelineSpec], FittedPipeline]:
        """What fits a behavior's pipeline whose model could not be kept."""
        return partial(self.fit, tables=self.tables())

    def tables(self) -> FeatureTables:
        """What pipelines are fitted with, for one process."""
        return FeatureTables(self.cache.here(), self.pool, device=self.device)

    def fit(self, behavior: str, spec: PipelineSpec, tables: FeatureTables) -> FittedPipeline:
        """Fit on all labelled recordings of the behavior; of all behaviors where these share a model."""
        if is_sequence(spec):
            scope = self.dataset.scope(behavior)
            fitted = fit_shared(
                spec,
                tables,
                {one: self._everything(one) for one in self.dataset.labelled if self.dataset.scope(one) == scope},
                self.seed,
            )
            assert fitted is not None  # it has waited
            return fitted[behavior]
        return fit_pipeline(spec, tables, self._everything(behavior), self.seed)

    def _everything(self, behavior: str) -> list[tuple[Recording, slice]]:
        return [(recording, slice(0, recording.frames)) for recording in self.dataset.labelled[behavior]]
