"""Runs a notebook without a browser and writes it with its outputs: python notebooks/run.py IN.ipynb OUT.ipynb

Needs what requirements/jupyter.txt lists and the kernel that notebooks/library/kernelspec.ts writes. The exit code is 1
when a cell fails; OUT then holds the outputs up to there.
"""
import os
import sys
from pathlib import Path
from queue import Empty

project = Path(__file__).resolve().parent.parent
os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, [str(project / ".jupyter"), os.environ.get("JUPYTER_PATH")]))

import nbformat  # noqa: E402
from nbclient import NotebookClient  # noqa: E402
from nbclient.exceptions import CellExecutionComplete, CellExecutionError  # noqa: E402


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


def main(source: Path, target: Path) -> int:
    notebook = nbformat.read(source, as_version=4)
    folder = {"metadata": {"path": str(source.resolve().parent)}}
    client = DrainingClient(notebook, kernel_name="deno", record_timing=False, resources=folder, timeout=600)
    try:
        client.execute()
    except CellExecutionError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        nbformat.write(notebook, target)
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python notebooks/run.py IN.ipynb OUT.ipynb")
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
