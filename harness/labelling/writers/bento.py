"""What BENTO opens: a sheet for each recording, with a channel for each animal or pair.

Frames count from 1, and the last belongs to a bout, as in the files that BENTO's MATLAB version writes.
"""

from harness.plugins.writers import Act, Asked, Labelled, label_writer


@label_writer("bento", summary="ID.annot, a sheet of BENTO for each recording")
class Bento:
    def __init__(self, asked: Asked) -> None:
        self.folder, self.behaviors = asked.folder, list(asked.scopes)

    def add(self, one: Labelled) -> None:
        channels: dict[str, list[Act]] = {}
        for act in one.acts:
            channels.setdefault(_channel(act), []).append(act)
        video = one.recording
        lines = [
            "Bento annotation file",
            "Movie file(s):",
            "",
            "Stimulus name:",
            "Annotation start frame: 1",
            f"Annotation stop frame: {video.frames}",
            f"Annotation framerate: {video.fps:.15g}",
            "",
            "List of channels:",
            *channels,
            "",
            "List of annotations:",
            *self.behaviors,
            "",
        ]
        for name, acts in channels.items():
            lines.append(f"{name}----------")
            for act in acts:
                lines += [f">{act.behavior}", "Start\t Stop\t Duration"]
                lines += [f"{start + 1}\t{stop}\t{stop - start}" for start, stop in act.bouts]
                lines.append("")
        (self.folder / f"{video.id}.annot").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")

    def finish(self) -> None:
        pass


def _channel(act: Act) -> str:
    if not act.agent:
        return "Ch1"
    return f"{act.agent} to {act.receiver}" if act.receiver else act.agent
