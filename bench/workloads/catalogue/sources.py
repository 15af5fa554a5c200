"""What the rows of several families cite."""

from typing import Final

TORCHBENCH: Final = "pytorch/benchmark 0e83c440"
NOT_YET: Final = "not offered yet: resnet50 and basic_gnn_gcn are the workloads whose gradients are checked"
