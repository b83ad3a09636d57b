"""What one would have anyway: a Starlette endpoint that answers with the JSON that it was sent."""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route


async def echo(request: Request) -> JSONResponse:
    """Answer with what was sent."""
    return JSONResponse(await request.json(), 201)


async def livez(_: Request) -> PlainTextResponse:
    """Answer."""
    return PlainTextResponse("ok\n")


def main(port: int) -> None:
    """Serve until SIGTERM, as `canary serve --only api` does: one process, httptools, no access log."""
    routes = [Route("/v1/accesses", echo, methods=["POST"]), Route("/livez", livez)]
    uvicorn.run(
        Starlette(routes=routes),
        port=port,
        http="httptools",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
