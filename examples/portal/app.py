"""The tool's pages: employees look at reviews, change them, delete them, take them along."""

import csv
import io
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from .catalogue import EMPLOYEES, FOLDER, Product, products
from .planting import Planting, Visit, planting
from .store import Row, Store

COLUMNS = ("id", "name", "email", "stars", "at", "title", "text")
SEE_OTHER = 303
Page = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Desk:
    """What the pages are made from."""

    store: Store
    planting: Planting
    products: Mapping[str, Product]
    pages: Jinja2Templates


def make_app(database: Path | str) -> Starlette:
    """Return the application over a database of its own, which is made where there is none."""
    store = Store(database)
    pages = Jinja2Templates(FOLDER / "templates")
    pages.env.filters["day"] = lambda at: f"{datetime.fromisoformat(at):%-d %b %Y}"
    pages.env.filters["initials"] = lambda name: "".join(word[0] for word in name.split()[:2]).upper()
    desk = Desk(store, planting(store), products(), pages)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await desk.planting.close()
        store.close()

    session = Middleware(SessionMiddleware, secret_key=store.secret.hex(), same_site="strict")
    return Starlette(routes=_routes(desk), middleware=[session], lifespan=lifespan)


def _routes(desk: Desk) -> list[Route | Mount]:
    def page(path: str, show: Callable[[Desk, Request], Awaitable[Response]], method: str = "GET") -> Route:
        async def answered(request: Request) -> Response:
            if "employee" not in request.session and show not in {_names, _enter}:
                return RedirectResponse("/login", SEE_OTHER)
            response = await show(desk, request)
            response.headers["Cache-Control"] = "private, no-store"  # what one sees is for nobody else
            return response

        return Route(path, answered, methods=[method])

    review = "/products/{product}/reviews/{review}"
    return [
        Mount("/static", StaticFiles(directory=FOLDER / "static")),
        page("/login", _names),
        page("/login", _enter, "POST"),
        page("/", _overview),
        page("/products/{product}.csv", _export),
        page("/products/{product}", _reviews),
        page("/products/{product}/survey", _survey, "POST"),
        page(review + ".csv", _export_one),
        page(review, _profile),
        page(review + "/edit", _edit),
        page(review + "/edit", _change, "POST"),
        page(review + "/delete", _delete, "POST"),
    ]


async def _names(desk: Desk, request: Request) -> Response:
    return desk.pages.TemplateResponse(request, "page.html", {"view": "login", "employees": EMPLOYEES})


async def _enter(desk: Desk, request: Request) -> Response:
    del desk
    employee = (await _form(request)).get("employee", "")
    if employee not in EMPLOYEES:
        raise HTTPException(400)
    request.session.clear()
    request.session.update(employee=employee, session=secrets.token_hex(8))
    return RedirectResponse("/", SEE_OTHER)


async def _overview(desk: Desk, request: Request) -> Response:
    averages = {number: desk.store.average(number) for number in desk.products}
    return _shown(desk, request, "overview", products=desk.products.values(), averages=averages)


async def _reviews(desk: Desk, request: Request) -> Response:
    product = _product(desk, request)
    rows = await desk.planting.reviews(_visit(request), product)
    asked = request.session.pop("asked", None) == product.number
    average = desk.store.average(product.number)
    return _shown(desk, request, "reviews", product=product, rows=rows[::-1], average=average, asked=asked)


async def _export(desk: Desk, request: Request) -> Response:
    """Give the list as a file: another access, for a list is what gets sold."""
    product = _product(desk, request)
    rows = await desk.planting.reviews(_visit(request), product, "reviews-portal-export")
    return _csv(f"reviews-{product.number}.csv", rows)


async def _survey(desk: Desk, request: Request) -> Response:
    """Mail everybody who reviewed a product: from the company's own rows, never from a page's."""
    product = _product(desk, request)
    desk.store.ask_reviewers(product.number)
    request.session["asked"] = product.number
    return _to(product)


async def _profile(desk: Desk, request: Request) -> Response:
    product, row = await _row(desk, request)
    await desk.planting.touched(_visit(request), row["id"], "open")
    return _shown(desk, request, "profile", product=product, row=row)


async def _export_one(desk: Desk, request: Request) -> Response:
    _, row = await _row(desk, request)
    await desk.planting.touched(_visit(request), row["id"], "export")
    return _csv(f"review-{row['id']}.csv", [row])


async def _edit(desk: Desk, request: Request) -> Response:
    product, row = await _row(desk, request)
    return _shown(desk, request, "edit", product=product, row=row)


async def _change(desk: Desk, request: Request) -> Response:
    product, row = await _row(desk, request)
    form = await _form(request)
    stars = form.get("stars", "")
    if stars not in {"1", "2", "3", "4", "5"}:
        raise HTTPException(400)
    await desk.planting.touched(_visit(request), row["id"], "edit")
    desk.store.change(row["id"], int(stars), form.get("title", "")[:200], form.get("text", "")[:5000])
    return _to(product)


async def _delete(desk: Desk, request: Request) -> Response:
    product = _product(desk, request)
    review = request.path_params["review"]
    await desk.planting.touched(_visit(request), review, "delete")
    desk.store.delete(review)
    return _to(product)


async def _row(desk: Desk, request: Request) -> tuple[Product, Row]:
    """Return one review as the employee sees it: that is a look at the product's reviews, too."""
    product = _product(desk, request)
    for row in await desk.planting.reviews(_visit(request), product):
        if row["id"] == request.path_params["review"]:
            return product, row
    raise HTTPException(404)


def _product(desk: Desk, request: Request) -> Product:
    product = desk.products.get(request.path_params["product"])
    if product is None:
        raise HTTPException(404)
    return product


def _visit(request: Request) -> Visit:
    where = request.client.host if request.client else None
    return Visit(request.session["employee"], request.session["session"], where)


def _to(product: Product) -> Response:
    return RedirectResponse(f"/products/{product.number}", SEE_OTHER)


def _shown(desk: Desk, request: Request, view: str, **values: Any) -> Response:
    employee = request.session["employee"]
    told = {"view": view, "employee": employee, "employee_name": EMPLOYEES[employee], **values}
    return desk.pages.TemplateResponse(request, "page.html", told)


def _csv(name: str, rows: list[Row]) -> Response:
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(out.getvalue(), media_type="text/csv", headers=headers)


async def _form(request: Request) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs((await request.body()).decode()).items()}
