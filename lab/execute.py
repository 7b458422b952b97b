"""Runs notebooks of the Go kernel, and fails where a cell does.

GoNB answers "ok" when a cell's program panics or exits with a status, so that its error output has to be read. A cell
tagged raises-exception must fail. The last line of a failure names the cell and says why.
"""

import argparse
import pathlib
import re
import sys
import time

import nbformat
from jupyter_core.utils import run_sync
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

FAILED = re.compile(r"^(exit status \d+|signal: .*|panic: .*|fatal error: .*|.*unknown or not implemented.*)$", re.MULTILINE)
GRACE = 6  # Seconds: a program that is interrupted is killed by the kernel after 5.


def failure(cell):
    """Says why the executed cell failed; empty if it did not."""
    for output in cell.get("outputs", []):
        if output.output_type == "error":
            return f"{output.ename}: {output.evalue}\n" + "\n".join(output.traceback)
        if output.output_type == "stream" and output.name == "stderr" and FAILED.search(output.text):
            return output.text.strip()
    return ""


def execute(client, index, cell):
    """Executes a cell, and says why it failed; empty if it did not."""
    try:
        client.execute_cell(cell, index)
    except CellTimeoutError:
        run_sync(client.km.interrupt_kernel)()
        time.sleep(GRACE)  # Else its program would outlive the kernel.
        return f"took longer than {client.timeout} s"
    except CellExecutionError:
        return failure(cell) or "failed"
    except DeadKernelError:
        return "the kernel died"
    return failure(cell)


def run(path, timeout, write):
    """Runs a notebook, and says which cell failed and why; empty if none did."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=timeout, kernel_name="gonb", record_timing=False,
                            coalesce_streams=True, resources={"metadata": {"path": str(path.parent.resolve())}})
    with client.setup_kernel():
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type != "code":
                continue
            why = execute(client, index, cell)
            if "raises-exception" in cell.metadata.get("tags", []):
                why = "" if why else "is tagged raises-exception, but did not fail"
            if why:
                return f"{path}: cell {index + 1} failed:\n{cell.source}\n--\n{why}"
    if write:
        notebook.metadata.language_info.pop("version", None)  # Of whoever ran it last: no part of the lesson.
        nbformat.write(notebook, path)
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--timeout", type=int, required=True, help="seconds that a cell may take")
    parser.add_argument("--write", action="store_true", help="store the outputs in the notebooks")
    parser.add_argument("notebooks", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    failures = 0
    for path in arguments.notebooks:
        begin = time.monotonic()
        why = run(path, arguments.timeout, arguments.write)
        print(why or f"{path}: ok, {time.monotonic() - begin:.1f} s", flush=True)
        failures += bool(why)
    if failures:
        sys.exit(f"{failures} of {len(arguments.notebooks)} notebooks failed")


if __name__ == "__main__":
    main()
