"""Runs a notebook without a browser and writes it with its outputs: python run.py IN.ipynb OUT.ipynb

This is the part of `pipeline notebook run` that talks to Jupyter: nbclient and nbformat, which requirements/jupyter.txt
pins, and the kernel in JUPYTER_PATH. The exit code is 1 when a cell fails, OUT then holds the outputs up to there; 2 when
it cannot begin.
"""
import os
import re
import sys
from pathlib import Path
from queue import Empty

try:
    import nbformat
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionComplete, CellExecutionError
except ImportError as error:
    print(f"{sys.executable} has no {error.name}", file=sys.stderr)
    sys.exit(2)


class DrainingClient(NotebookClient):
    """Deno's kernel may say that a cell is done before its last output is out: reads on until nothing comes."""

    async def _async_poll_output_msg(self, parent_msg_id, cell, cell_index):
        await super()._async_poll_output_msg(parent_msg_id, cell, cell_index)
        while True:
            try:
                message = await self.kc.iopub_channel.get_msg(timeout=0.08)
            except Empty:
                return
            if message["parent_header"].get("msg_id") == parent_msg_id:
                try:
                    self.process_message(message, cell, cell_index)
                except CellExecutionComplete:
                    pass


def write(notebook, target: Path) -> None:
    """Whole or not at all: TARGET may be the notebook itself."""
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    nbformat.write(notebook, unfinished)
    os.replace(unfinished, target)


def plain(text: str) -> str:
    """Without what would act on a terminal."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "", re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text))


def failures(notebook):
    """The cells that failed, counted from 1 with those of prose, and what their errors say."""
    for place, cell in enumerate(notebook.cells, 1):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                yield f"cell {place}: {plain(output.ename)}: {plain(output.evalue)}"


def main(source: Path, target: Path) -> int:
    notebook = nbformat.read(source, as_version=4)
    folder = {"metadata": {"path": str(source.resolve().parent)}}
    client = DrainingClient(notebook, kernel_name="deno", record_timing=False, resources=folder, timeout=None)
    try:
        client.execute()
    except NoSuchKernel:
        print("Jupyter does not find the kernel deno in JUPYTER_PATH", file=sys.stderr)
        return 2
    except CellExecutionError:
        write(notebook, target)
        print("\n".join(failures(notebook)), file=sys.stderr)
        return 1
    write(notebook, target)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python run.py IN.ipynb OUT.ipynb")
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
