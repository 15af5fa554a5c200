"""The models of PyTorch Geometric, loaded without the warning that comes with them."""

import warnings

with warnings.catch_warnings():
    # It scripts a class of its own when it is loaded, which torch has deprecated.
    warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated", FutureWarning)
    from torch_geometric.nn.models.basic_gnn import GAT, GCN, GIN, EdgeCNN, GraphSAGE

__all__ = ["GAT", "GCN", "GIN", "EdgeCNN", "GraphSAGE"]
