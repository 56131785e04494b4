"""The City of Seattle's register as requests to issue: one real licence a row, 12,897 of them."""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

REGISTER = Path(__file__).parent / "data" / "seattle-business-licences" / "business_licences.csv"
ROWS = 12_897
SLUG = "business-licence-tax-certificate"


def requests_from_register(limit: int | None = None) -> Iterator[dict[str, Any]]:
    """The first `limit` rows (all without one) as bodies of issue requests for `business-licence-tax-certificate`."""
    with REGISTER.open(encoding="utf-8", newline="") as file:
        for row in islice(csv.DictReader(file), limit):
            yield request_from(row)


def request_from(row: dict[str, str]) -> dict[str, Any]:
    """One row; columns the city derived itself (sector, age, year) are left out, empty ones as well."""
    claims = {
        "trade_name": row["trade_name"],
        "ownership_type": row["ownership_type"],
        "naics_code": row["naics_code"],
        "naics_description": row["naics_description"],
        "street_address": row["street_address"],
        "city": row["city"],
        "state": row["state"],
        "zip": row["zip_5"],
        "license_start_date": row["license_start_date"],
    }
    kind = "person" if row["ownership_type"] == "Sole proprietorship" else "organization"
    holder = {"kind": kind, "name": row["business_legal_name"]}
    if row["ubi"]:
        holder |= {"id_scheme": "US-WA-UBI", "id": row["ubi"]}
    return {
        "type": SLUG,
        "number": row["city_account_number"],
        "holders": [holder],
        "valid_from": row["license_start_date"],
        "claims": {name: value for name, value in claims.items() if value},
    }
