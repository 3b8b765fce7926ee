"""What NWB's programs open: a file for each recording, with its bouts as an ethogram (the extension ndx-ethogram)."""

from datetime import UTC, datetime

from harness.plugins.writers import Asked, Labelled, label_writer
from harness.version import __version__

DATE = datetime(1970, 1, 1, tzinfo=UTC)
"""NWB wants to know when a session began, and poses do not."""


@label_writer(
    "nwb",
    summary="ID.nwb, an ethogram in NWB for each recording",
    needs=("pynwb", "ndx_ethogram"),
    extra="nwb",
)
class Nwb:
    """Times are seconds from the first frame; the columns agent, target and probability are there besides."""

    def __init__(self, asked: Asked) -> None:
        self.folder = asked.folder

    def add(self, one: Labelled) -> None:
        from ndx_ethogram import EthogramBouts
        from pynwb import NWBHDF5IO, NWBFile

        video = one.recording
        bouts = EthogramBouts(
            name="behavior_bouts",
            description="bouts of behavior that detectors found",
            labeling_method="automated",
            source_software=f"harness {__version__}",
        )
        bouts.add_column("agent", "who does it; empty where nobody in particular does")
        bouts.add_column("target", "to whom; empty where nobody is")
        bouts.add_column("probability", "the mean over the bout")
        for start, stop, act in one.bouts:
            bouts.add_row(
                start_time=start / video.fps,
                stop_time=stop / video.fps,
                label=act.behavior,
                agent=act.agent,
                target=act.receiver,
                probability=act.certainty(start, stop),
            )
        content = NWBFile(
            session_description="labels of behavior; when the session began is not known",
            identifier=video.id,
            session_start_time=DATE,
        )
        content.create_processing_module("behavior", "bouts of behavior").add(bouts)
        with NWBHDF5IO(self.folder / f"{video.id}.nwb", "w") as file:
            file.write(content)

    def finish(self) -> None:
        pass
