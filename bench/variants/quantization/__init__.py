"""int8: how a model is quantized, and the count of the operations that became int8."""
