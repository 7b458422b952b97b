// Package checkpoint keeps the variables of a GoMLX store in files that are complete or not there, that say so when a
// bit of them changes, and that are small where the variables are sparse.
//
// A checkpoint is a safetensors file, so that Python reads it too. Its metadata has the texts of whoever wrote it, and:
//
//	format     "sparsekernel-checkpoint"
//	version    "1"
//	sha256     of the file, in hexadecimal, with this field's 64 digits replaced by zeros
//	variables  a JSON list: how each variable of the store is packed, in the store's order
//
// Each variable is a tensor named by its path, packed in whichever of three ways takes the fewest bytes:
//
//	dense   all values, in the variable's shape.
//	bits    booleans, 8 to a byte: element i is bit i%8 of byte i/8.
//	values  the values at the elements set in another tensor of the file, "at", packed as bits; all others are zero, all
//	        their bits. "at" is the mask of the weight, or a tensor of its own, the path and "#nonzero".
//
// Integers are stored in 1 or 2 bytes, unsigned, where all fit. Any packing gives back the same bits. In Python:
//
//	f = safetensors.safe_open(path, "numpy")
//	for v in json.loads(f.metadata()["variables"]):
//	    x, n = f.get_tensor(v["path"]), math.prod(v["shape"])
//	    if v["packing"] == "bits":
//	        x = np.unpackbits(x, count=n, bitorder="little")
//	    if v["packing"] == "values":
//	        at = np.unpackbits(f.get_tensor(v["at"]), count=n, bitorder="little").astype(bool)
//	        x, x[at] = np.zeros(n, x.dtype), x
//	    variables[v["path"]] = x.reshape(v["shape"])
//
// [Pack], [Write], [Read] and [Sum] are about one file, [Folder] about those of a run: which to keep, and which to trust.
package checkpoint
