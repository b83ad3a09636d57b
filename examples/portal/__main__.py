"""`python -m examples.portal`: the tool runs until Ctrl-C."""

import os

import uvicorn

from .app import make_app


def main() -> None:
    """Serve on PORTAL_PORT of this machine, over the database PORTAL_DATABASE."""
    app = make_app(os.environ.get("PORTAL_DATABASE", "portal.db"))
    uvicorn.run(app, host="127.0.0.1", port=int(os.environ.get("PORTAL_PORT", "8470")), access_log=False)


if __name__ == "__main__":
    main()
