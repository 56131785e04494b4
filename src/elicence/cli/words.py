"""The labels of answers for people, in both languages. Verdicts have their own words, in `verifier/verdicts.json`."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from elicence.cli.door import Language
from elicence.formats.encoding import JsonValue

__all__ = ["LABELS", "labelled", "period", "shown_value", "stamp", "word"]

LABELS: Mapping[str, tuple[str, str]] = {
    # word: (zh-CN, en)
    "issued": ("已签发", "Issued"),
    "proposed": ("待第二人批准", "Waits for a second operator"),
    "approved": ("已批准并办理", "Approved and carried out"),
    "declined": ("未批准", "Declined"),
    "proposal": ("待批请求", "Proposal"),
    "operator": ("经办人", "Operator"),
    "operator_added": ("经办人已添加", "Operator added"),
    "digest": ("请求摘要", "Digest"),
    "issued_before": ("此前已签发", "Issued before"),
    "suspend": ("已暂扣", "Suspended"),
    "reinstate": ("已恢复", "Reinstated"),
    "revoke": ("已撤销", "Revoked"),
    "renew": ("已延续", "Renewed"),
    "correct": ("已更正", "Corrected"),
    "licence": ("证照", "Licence"),
    "type": ("证照类型", "Type"),
    "number": ("证照编号", "Number"),
    "id": ("登记编号", "Licence id"),
    "identifier": ("证照标识", "Identifier"),
    "code": ("核验码", "Verification code"),
    "state": ("状态", "State"),
    "in_force": ("有效期", "In force"),
    "open_ended": ("长期", "no end"),
    "version": ("版本", "Version"),
    "version_of": ("第{n}版", "{n}"),
    "version_replaces": ("第{n}版，替换第{before}版", "{n}, replaces {before}"),
    "holder": ("持证人", "Holder"),
    "issuer": ("发证机关", "Issued by"),
    "region": ("区划", "Region"),
    "external_ref": ("业务编号", "Your reference"),
    "signed_by": ("签名密钥", "Signing key"),
    "status_entry": ("状态清单位置", "Status entry"),
    "row_version": ("记录版本", "Record version"),
    "status_as_of": ("状态清单签发于", "Status as of"),
    "advice": ("请", "Do this"),
    "active": ("有效", "active"),
    "suspended": ("暂扣", "suspended"),
    "up_to": ("至", "until"),
    "erased": ("内容已清除", "erased"),
    "revoked": ("已撤销", "revoked"),
    "superseded": ("已被替换", "superseded"),
    "pending": ("待签发", "pending"),
    "reason": ("原因", "Reason"),
    "at": ("时间", "Time"),
    "act": ("事项", "Act"),
    "change": ("变化", "Change"),
    "more": ("下一页：--after {last}", "next page: --after {last}"),
    "none": ("没有记录。", "Nothing there."),
    "new_registry": ("新登记系统已建立", "A new registry"),
    "base_url": ("网址", "Base URL"),
    "environment": ("环境", "Environment"),
    "store": ("数据库", "Store"),
    "home": ("目录", "Home"),
    "root": ("根密钥{n}", "Root {n}"),
    "roots_file": ("交给核验方的根密钥", "Roots to hand on"),
    "passphrase": ("口令文件", "Passphrase"),
    "keep_copy": ("{file}（请另存一份）", "{file} (keep a copy elsewhere)"),
    "next": ("下一步", "Next"),
    "agency_added": ("机构已添加", "Agency added"),
    "slug": ("代号", "Slug"),
    "did": ("签发者标识", "Issuer"),
    "signs_licences": ("证照签名密钥", "Signs licences"),
    "signs_status": ("状态清单签名密钥", "Signs status"),
    "uscc": ("统一社会信用代码", "USCC"),
    "name": ("名称", "Name"),
    "grant_given": ("已授权", "Grant given"),
    "agency": ("机构", "Agency"),
    "from": ("自", "From"),
    "until": ("至", "Until"),
    "anywhere": ("不限", "anywhere"),
    "no_end": ("无期限", "no end"),
    "four_eyes": ("双人复核", "Four eyes"),
    "yes": ("是", "yes"),
    "qr_code": ("二维码", "QR code"),
    "digits": ("数字位数", "Digits"),
    "modules": ("{version}-{level}，{size} × {size} 模块", "{version}-{level}, {size} × {size} modules"),
    "print_at_least": ("打印宽度至少", "Print at least"),
    "width": (
        "{width:.1f} 毫米（含白边，每模块 {finest} 毫米）",
        "{width:.1f} mm wide with its margin ({finest} mm a module)",
    ),
    "key_staged": ("新密钥已发布，待启用", "Key staged"),
    "key_compromised": ("密钥已作废", "Key withdrawn"),
    "key_rotated": ("密钥已更换", "Key rotated"),
    "purpose": ("用途", "Purpose"),
    "new_key": ("新密钥", "New key"),
    "old_key": ("旧密钥", "Old key"),
    "registry": ("登记系统", "registry"),
    "published": ("已发布，状态清单：{n}", "Published, status lists: {n}"),
    "type_code": ("类型代码", "Code"),
    "publisher": ("发布机构", "Publisher"),
    "legal_basis": ("法律依据", "Legal basis"),
    "register": ("公开登记", "Public register"),
    "validity": ("有效期规则", "Validity"),
    "suspension": ("可否暂扣", "Suspension"),
    "possible": ("可以", "possible"),
    "never": ("不可", "never"),
    "reasons": ("变更原因代码", "Reasons"),
    "photo_id": ("核对证件", "Photo ID"),
    "budget": ("二维码上限", "QR code at most"),
    "field": ("字段", "Field"),
    "label": ("名称", "Label"),
    "class": ("公开级别", "Class"),
    "in_code": ("入码", "In code"),
    "required": ("必填", "Required"),
    "title": ("名称", "Title"),
    "linted": ("{types} 个类型，{examples} 个示例，全部通过", "{types} types, {examples} examples, all sound"),
    "lock_written": ("已重写 published.lock", "published.lock written"),
    "upgraded": ("登记库已升级到本程序的版本。", "The store is up to date with this program now."),
    "up_to_date": ("无需升级。", "The store is up to date; nothing was changed."),
    "in_order": ("一切正常。", "Everything is in order."),
    "not_broken": ("没有故障，但有提示。", "Nothing is broken."),
    "act_issue": ("签发", "issue"),
    "act_suspend": ("暂扣", "suspend"),
    "act_reinstate": ("恢复", "reinstate"),
    "act_revoke": ("撤销", "revoke"),
    "act_renew": ("延续", "renew"),
    "act_correct": ("更正", "correct"),
    "act_accept": ("照准存疑项", "accept despite a warning"),
    "act_propose": ("提出", "propose"),
    "act_approve": ("批准", "approve"),
    "act_decline": ("不批准", "decline"),
    "act_supersede": ("替换", "supersede"),
    "serving": ("服务已启动", "Serving"),
    "listens": ("监听", "Listens on"),
    "stop": ("停止", "Stop"),
    "ctrl_c": ("按 Ctrl-C 停止。", "Ctrl-C stops it."),
    "client_added": ("客户端已添加", "Client added"),
    "client_disabled": ("客户端已永久停用", "Client disabled"),
    "secret_replaced": ("客户端密钥已更换", "Secret replaced"),
    "client_id": ("客户端编号", "Client id"),
    "client_secret": ("客户端密钥", "Client secret"),
    "shown_once": ("（只显示这一次）", "(shown this once)"),
    "scopes": ("权限", "Scopes"),
    "disabled": ("已停用", "disabled"),
    "written": ("已写出 {n} 个文件", "{n} files written"),
    "folder": ("目录", "Folder"),
    "served_at": ("由此网址提供", "To be served at"),
    "changed": ("有变化", "Changed"),
    "demo": ("演示登记系统（无法律效力）", "Demo registry (no legal effect)"),
    "demo_gone": ("临时目录，停止后删除", "temporary, removed when it stops"),
    "demo_issue": (
        "取令牌并签发一份证照（可直接粘贴）：",
        "A token, and a licence issued with it (paste as it stands):",
    ),
    "page": ("核验页面", "Check a licence"),
    "api": ("接口说明", "API"),
    "verdict": ("核验结果", "Verdict"),
    "making_registry": ("正在建立登记系统", "Making the registry"),
    "making_demo": ("正在建立演示登记系统", "Making the demo"),
    "publishing": ("正在发布", "Publishing"),
    "writing": ("正在写出文件", "Writing files"),
    "checking": ("正在检查", "Checking"),
    "reading": ("正在读取证照", "Reading licences"),
    "waits": ("登记系统请稍候，{seconds} 秒后再试", "waiting {seconds} s before asking again"),
    "context": ("登记点", "Context"),
    "context_added": ("登记点已添加", "Context added"),
    "context_in_use": ("现用登记点", "In use"),
    "context_not_in_use": ("现不使用任何登记点", "No context is in use"),
    "context_removed": ("登记点已移除", "Context removed"),
    "secret_in": ("密钥存放于", "Secret in"),
    "secret_is": ("密钥", "Secret"),
    "ready": ("可读取", "can be read"),
    "in_use": ("现用", "in use"),
    "ca_file": ("受信证书文件", "CA file"),
}


def word(key: str, language: Language, **facts: object) -> str:
    """The label in a language; a word that has none stands for itself."""
    pair = LABELS.get(key)
    text = key if pair is None else pair[0 if language == "zh-CN" else 1]
    return text.format(**facts) if facts else text


def labelled(rows: Iterable[tuple[str, object]], language: Language) -> list[tuple[str, object]]:
    """Rows whose labels are words of this table."""
    return [(word(key, language), value) for key, value in rows]


def period(first: date, last: date | None, language: Language) -> str:
    """The days on which a licence is in force, both counted."""
    return f"{first.isoformat()} – {word('open_ended', language) if last is None else last.isoformat()}"


def stamp(instant: datetime) -> str:
    """An instant in UTC, to the second; an instant that carries an offset keeps it.

    >>> stamp(datetime.fromisoformat("2026-11-23T04:00:00+00:00"))
    '2026-11-23 04:00:00 UTC'
    >>> stamp(datetime.fromisoformat("2026-11-23T12:00:00+08:00"))
    '2026-11-23 12:00:00 +08:00'
    """
    text = instant.replace(microsecond=0).isoformat(" ")
    return text.replace("+00:00", " UTC") if text.endswith("+00:00") else f"{text[:19]} {text[19:]}"


def shown_value(value: JsonValue) -> str:
    """The value of a claim on one line.

    >>> shown_value(["hot food", {"name": "cold food", "since": "2026"}])
    'hot food; name: cold food, since: 2026'
    """
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {shown_value(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(map(shown_value, value))
    return ("✓" if value else "–") if isinstance(value, bool) else str(value)
