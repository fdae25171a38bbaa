"""Text models: a pre-trained encoder with a head, and the baseline that it must beat.

`scorer` needs numpy, onnxruntime and tokenizers alone; `fine_tuning` needs torch.
"""
