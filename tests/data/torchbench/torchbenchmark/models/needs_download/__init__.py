"""Downloads its weights when it is built."""

from urllib.request import urlopen

from torchbenchmark.util.model import BenchmarkModel


class Model(BenchmarkModel):
    DEFAULT_EVAL_BSIZE = 1

    def __init__(self, test, device, batch_size=None, extra_args=None):
        super().__init__(test=test, device=device, batch_size=batch_size, extra_args=extra_args)
        with urlopen("http://192.0.2.1/weights.pth") as response:
            self.weights = response.read()
