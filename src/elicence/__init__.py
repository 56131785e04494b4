"""An electronic licence registry: agencies issue signed licences, anybody checks them, online or offline.

Verifying needs no registry, no database and no network beyond the published files:

    from datetime import UTC, datetime
    from pathlib import Path
    from elicence import PublishedDirectory, open_trusted_list, parse_roots, verify

    published = Path("published")
    trust = open_trusted_list((published / "trusted-list.json").read_bytes(), parse_roots(roots), now=datetime.now(UTC))
    report = verify(scanned_text, trust=trust, sources=PublishedDirectory(published), now=datetime.now(UTC))
    report.verdict, report.accepted, report.to_json("en")

`roots` is the content of `roots.json`, got once by a way you trust, and never from the folder it is to vouch for.
"""

from elicence.verifier.policy import Policy
from elicence.verifier.report import Report
from elicence.verifier.sources import PublishedDirectory
from elicence.verifier.trust import open_trusted_list, parse_roots
from elicence.verifier.verify import verify

__all__ = ["Policy", "PublishedDirectory", "Report", "__version__", "open_trusted_list", "parse_roots", "verify"]

__version__ = "0.1.0"
