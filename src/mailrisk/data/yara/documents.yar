// Documents and shortcuts as they stand in the file; what is packed inside of them is read by readers first.

rule shortcut_runs_command
{
    meta:
        en = "a Windows shortcut that runs commands"
        zh = "执行命令的 Windows 快捷方式"
        category = "malware-file"
        strength = "convicts"
    strings:
        $run1 = "powershell" ascii wide nocase
        $run2 = "mshta" ascii wide nocase
        $run3 = "rundll32" ascii wide nocase
        $run4 = "regsvr32" ascii wide nocase
        $run5 = "wscript" ascii wide nocase
        $run6 = "cscript" ascii wide nocase
        $run7 = "certutil" ascii wide nocase
        $run8 = "bitsadmin" ascii wide nocase
        $run9 = /c\x00?m\x00?d\x00?\.\x00?e\x00?x\x00?e\x00?/ nocase
        $run10 = "msiexec" ascii wide nocase
        $run11 = "forfiles" ascii wide nocase
    condition:
        uint32(0) == 0x0000004c and uint32(4) == 0x00021401 and filesize < 20MB and any of them
}

rule shortcut_to_share
{
    meta:
        en = "an internet shortcut that opens a file on somebody's server"
        zh = "打开远程服务器文件的 Internet 快捷方式"
        category = "malware-file"
        strength = "convicts"
    strings:
        $head = "[InternetShortcut]" nocase
        $url = /URL\s{0,3}=\s{0,3}(file:|\\\\)[^\r\n]{3,300}/ nocase
        $icon = /IconFile\s{0,3}=\s{0,3}\\\\/ nocase
        $program = /URL\s{0,3}=\s{0,3}[^\r\n]{4,300}\.(exe|js|vbs|hta|lnk|msi|bat|cmd|ps1|cpl|scr|zip|iso)\s{0,3}(\r|\n)/ nocase
    condition:
        filesize < 100KB and $head and any of ($url, $icon, $program)
}

rule pdf_starts_program
{
    meta:
        en = "a PDF that starts a program"
        zh = "启动程序的 PDF"
        category = "malware-file"
        strength = "convicts"
    strings:
        $launch = /\/S\s{0,5}\/Launch\b/
        $what = /(cmd(\.exe)?|powershell|mshta|wscript|rundll32|\.exe|\.vbs|\.js)\s{0,5}\)/ nocase
    condition:
        uint32be(0) == 0x25504446 and $launch and $what
}

rule pdf_runs_script
{
    meta:
        en = "a PDF whose script runs when it is opened"
        zh = "打开即运行脚本的 PDF"
        category = "malware-file"
        strength = "notes"
    strings:
        $open = /\/(OpenAction|AA)\b/
        $script = /\/S\s{0,5}\/JavaScript\b/
        $does1 = "exportDataObject" nocase
        $does2 = "app.launchURL" nocase
        $does3 = "unescape(" nocase
        $does4 = "util.printf" nocase
        $does5 = "getAnnots" nocase
    condition:
        uint32be(0) == 0x25504446 and $open and $script and any of ($does*)
}

rule onenote_holds_script
{
    meta:
        en = "a OneNote page with an embedded script or program"
        zh = "嵌入脚本或程序的 OneNote 页面"
        category = "malware-file"
        strength = "convicts"
    strings:
        $one = { E4 52 5C 7B 8C D8 A7 4D AE B1 53 78 D0 29 96 D3 }
        $store = { E7 16 E3 BD 65 26 11 45 A4 C4 8D 4D 0B 7A 9E AC }
        $program = { E7 16 E3 BD 65 26 11 45 A4 C4 8D 4D 0B 7A 9E AC [20] 4D 5A }
        $shortcut = { E7 16 E3 BD 65 26 11 45 A4 C4 8D 4D 0B 7A 9E AC [20] 4C 00 00 00 01 14 02 00 }
        $script1 = "WScript.Shell" nocase
        $script2 = "powershell" nocase
        $script3 = "<hta:application" nocase
        $script4 = "mshta" nocase
        $script5 = "<job" nocase
        $script6 = "ActiveXObject" nocase
        $script7 = "@echo off" nocase
    condition:
        $one at 0 and $store and ($program or $shortcut or any of ($script*))
}

rule rtf_equation_object
{
    meta:
        en = "an RTF document with an object that attacks Word's equation editor"
        zh = "利用 Word 公式编辑器漏洞的 RTF 文档"
        category = "malware-file"
        strength = "convicts"
    strings:
        $data = "\\objdata" nocase
        $equation = /4\s?5\s?7\s?1\s?7\s?5\s?6\s?1\s?7\s?4\s?6\s?9\s?6\s?f\s?6\s?e\s?2\s?e\s?3\s?3/ nocase
        $clsid = "02ce020000000000c000000000000046" nocase
        $update = "\\objupdate" nocase
    condition:
        uint32be(0) & 0xffffff00 == 0x7b5c7200 and $data and any of ($equation, $clsid) and $update
}

rule document_starts_command_by_dde
{
    meta:
        en = "a document that starts a command by DDE"
        zh = "通过 DDE 启动命令的文档"
        category = "malware-file"
        strength = "convicts"
    strings:
        $word = /DDE(AUTO)?\s{1,5}["']?[^\r\n]{0,60}(cmd(\.exe)?|powershell|mshta|msexcel)/ nocase
        $sheet = /(^|[\n,;"])\s{0,3}[=+@-]\s{0,3}(cmd|powershell|mshta|msexcel|rundll32|regsvr32)\|/ nocase
    condition:
        filesize < 20MB and any of them
}

rule package_with_program
{
    meta:
        en = "a document with a packed program inside"
        zh = "内嵌程序包的文档"
        category = "malware-file"
        strength = "suspicious"
    strings:
        $ole = { D0 CF 11 E0 A1 B1 1A E1 }
        $native = { 4F 00 6C 00 65 00 31 00 30 00 4E 00 61 00 74 00 69 00 76 00 65 00 }
        $name = /[a-z0-9 _.-]{1,60}\.(exe|js|jse|vbs|vbe|lnk|bat|cmd|hta|ps1|scr|wsf)\x00/ nocase
    condition:
        $ole at 0 and $native and $name
}

rule template_from_elsewhere
{
    meta:
        en = "a document that loads its template from a web server"
        zh = "从网络服务器加载模板的文档"
        category = "malware-file"
        strength = "suspicious"
    strings:
        $rels = "http://schemas.openxmlformats.org/package/2006/relationships"
        $template = /relationships\/(attachedTemplate|oleObject|frame)"[^>]{0,300}Target\s?=\s?"(https?:|\\\\|file:\/\/)[^>]{0,300}TargetMode\s?=\s?"External"/ nocase
        $rtf = /\\\*\\template\s{1,3}(https?:|\\\\|\\'68\\'74)/ nocase
    condition:
        ($rels and $template) or $rtf
}
