"""BlazeFace for DISCOVER: box and keypoints of the most prominent face in each frame. facestream does the work."""

from __future__ import annotations

from typing import Any

from discover_utils.data.stream import SSIStream
from discover_utils.interfaces.server_module import Processor

from facestream.discover.hosted_module import HostedModule


class BlazeFace(Processor):
    def __init__(self, model_io: Any, opts: Any, trainer: Any) -> None:
        super().__init__(model_io=model_io, opts=opts, trainer=trainer)
        self._module = HostedModule("BlazeFace", model_io, opts)

    def process_data(self, ds_manager: Any) -> Any:
        return self._module.process(self.get_session_manager(ds_manager))

    def to_output(self, data: Any) -> Any:
        return {name: output.to_object(SSIStream) for name, output in data.items()}
