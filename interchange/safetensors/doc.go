// Package safetensors reads and writes files of the safetensors format, which PyTorch, JAX and others load without
// running code: named tensors, raw and little-endian, behind a JSON header.
//
//	8 bytes   n, the length of the header, little-endian
//	n bytes   the header, a JSON object padded with spaces:
//	          {"__metadata__": {"key": "text"}, "name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}
//	the rest  the tensors' values, row-major; data_offsets count from its start
//
// The format is specified at https://github.com/huggingface/safetensors#format.
//
// [Write] streams: it copies no tensor. Equal tensors and metadata give equal bytes. [Open] reads the header alone and
// checks all of it, so that what a [File] then lends fits the file: whatever the file claims, no more memory is used
// than a small multiple of the header it really has. Reading a tensor takes the memory of that tensor.
package safetensors
