"""The models of PyTorch Geometric, imported without their deprecation warning."""

import warnings

with warnings.catch_warnings():
    # PyG compiles a class with torch.jit.script when it is imported, which torch has deprecated.
    warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated", FutureWarning)
    from torch_geometric.nn.models.basic_gnn import GAT, GCN, GIN, EdgeCNN, GraphSAGE

__all__ = ["GAT", "GCN", "GIN", "EdgeCNN", "GraphSAGE"]
