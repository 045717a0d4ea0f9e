from __future__ import annotations

from xml.etree import ElementTree

import pytest

from facestream.engines.openvino_kernels import prefer_blocked, prefers_blocked

GRAPH = b"""<net><layers>
<layer id="0" type="Parameter"><data shape="1"/></layer>
<layer id="1" type="Convolution"><data strides="1"/><input/></layer>
<layer id="2" type="GroupConvolution"><data/><rt_info><attribute name="fused_names_0"/></rt_info><input/></layer>
</layers></net>"""


def test_each_convolution_gets_the_wish_beside_what_it_had() -> None:
    plain, convolution, grouped = ElementTree.fromstring(prefer_blocked(GRAPH)).iter("layer")
    assert [child.tag for child in plain] == ["data"]
    assert [child.tag for child in convolution] == ["data", "rt_info", "input"]
    assert [attribute.get("name") for attribute in convolution[1]] == ["primitives_priority"]
    assert [child.tag for child in grouped] == ["data", "rt_info", "input"]
    assert [attribute.get("name") for attribute in grouped[1]] == ["fused_names_0", "primitives_priority"]


def test_openvino_heeds_it() -> None:
    pytest.importorskip("openvino", reason="OpenVINO has no wheel for this machine")
    from facestream.engines.openvino_engine import _convert
    from facestream.engines.quiet_openvino import ov

    def kernels(network: str) -> set[str]:
        core = ov.Core()
        graph = _convert(network, None, 1, quantized=False)
        compiled = core.compile_model(core.read_model(graph.xml, graph.constants), "CPU")
        infos = [node.get_rt_info() for node in compiled.get_runtime_model().get_ops()]
        return {info["primitiveType"].astype(str) for info in infos if info["layerType"].astype(str) == "Convolution"}

    assert prefers_blocked("facemesh")
    assert not any(kernel.startswith("brgconv") for kernel in kernels("facemesh")), "for channels last"
    if not any(kernel.startswith("brgconv") for kernel in kernels("blazeface-back")):
        pytest.skip("OpenVINO has no kernels of that kind here, so none were avoided")
