// Scripts: for Windows Script Host, PowerShell, the command line, HTML applications, macros.

rule script_fetches_and_runs
{
    meta:
        en = "a Windows script that fetches a file and runs it"
        zh = "下载文件并运行的 Windows 脚本"
        category = "malware-file"
        strength = "convicts"
    strings:
        $host1 = /(CreateObject|ActiveXObject|GetObject)\s{0,3}\(\s{0,3}["'](WScript\.Shell|Shell\.Application|new:)/ nocase
        $fetch1 = /["'](MSXML2\.(Server)?XMLHTTP|Microsoft\.XMLHTTP|WinHttp\.WinHttpRequest)/ nocase
        $save1 = "ADODB.Stream" nocase
        $save2 = "SaveToFile" nocase
        $save3 = "responseBody" nocase
        $run1 = /\.(Run|Exec|ShellExecute)\s{0,3}\(?/ nocase
    condition:
        filesize < 5MB and $host1 and $run1 and (any of ($fetch*) and any of ($save*))
}

rule script_runs_command
{
    meta:
        en = "a Windows script that starts a command interpreter"
        zh = "启动命令解释器的 Windows 脚本"
        category = "malware-file"
        strength = "suspicious"
    strings:
        $host = /(CreateObject|ActiveXObject)\s{0,3}\(\s{0,3}["'](WScript\.Shell|Shell\.Application)/ nocase
        $run = /\.(Run|Exec|ShellExecute)\s{0,3}\(?/ nocase
        $command = /(powershell|cmd(\.exe)?\s{1,3}\/c|mshta|rundll32|regsvr32|certutil|bitsadmin)/ nocase
    condition:
        filesize < 5MB and $host and $run and $command
}

rule powershell_fetches_and_runs
{
    meta:
        en = "PowerShell that fetches code and runs it"
        zh = "下载代码并执行的 PowerShell"
        category = "malware-file"
        strength = "convicts"
    strings:
        $fetch1 = /\.Download(String|File|Data)\s{0,3}\(/ nocase
        $fetch2 = /\b(Invoke-WebRequest|iwr|Invoke-RestMethod|irm|Start-BitsTransfer)\b[^\n]{0,40}https?:/ nocase
        $run1 = /\b(iex|Invoke-Expression)\b/ nocase
        $run2 = /Start-Process\b/ nocase
        $run3 = "[Reflection.Assembly]::Load" nocase
        $hide1 = /-w(indowstyle)?\s{1,3}(h|hidden|1)\b/ nocase
        $hide2 = /-ex(ec|ecutionpolicy)?\s{1,3}(bypass|unrestricted)/ nocase
        $hide3 = /-nop(rofile)?\b/ nocase
        $hide4 = "FromBase64String" nocase
    condition:
        filesize < 5MB and any of ($fetch*) and any of ($run*) and any of ($hide*)
}

rule powershell_encoded_command
{
    meta:
        en = "a hidden PowerShell command"
        zh = "经编码隐藏的 PowerShell 命令"
        category = "malware-file"
        strength = "convicts"
    strings:
        $ascii = /powershell(\.exe)?["']?\s[^\n]{0,120}-e(nc|ncodedcommand|c|n)?\s{1,3}["']?[A-Za-z0-9+\/]{60}/ nocase
        $wide = /p\x00o\x00w\x00e\x00r\x00s\x00h\x00e\x00l\x00l\x00[^\n]{0,240}-\x00e\x00(n\x00)?(c\x00)?[^\n]{0,40}\x00([A-Za-z0-9+\/]\x00){60}/ nocase
    condition:
        filesize < 5MB and any of them
}

rule batch_fetches_file
{
    meta:
        en = "a command file that fetches a program with a tool of Windows"
        zh = "利用系统自带工具下载程序的批处理"
        category = "malware-file"
        strength = "convicts"
    strings:
        $certutil = /certutil(\.exe)?\s[^\n]{0,80}-urlcache[^\n]{0,80}https?:/ nocase
        $bits = /bitsadmin(\.exe)?\s[^\n]{0,80}\/transfer[^\n]{0,120}https?:/ nocase
        $mshta = /mshta(\.exe)?\s{1,3}["']?(https?:|javascript:|vbscript:)/ nocase
        $regsvr = /regsvr32(\.exe)?\s[^\n]{0,80}\/i:https?:/ nocase
        $rundll = /rundll32(\.exe)?\s[^\n]{0,40}javascript:/ nocase
    condition:
        filesize < 5MB and any of them and not uint16be(0) == 0x4d5a
}

rule html_application_with_shell
{
    meta:
        en = "an HTML application that runs commands"
        zh = "可执行命令的 HTML 应用程序"
        category = "malware-file"
        strength = "convicts"
    strings:
        $hta = /<hta:application/ nocase
        $script = /<script[^>]{0,60}(vbscript|jscript|javascript)/ nocase
        $does1 = "WScript.Shell" nocase
        $does2 = "powershell" nocase
        $does3 = "Shell.Application" nocase
    condition:
        filesize < 5MB and $script and $hta and any of ($does*)
}

rule macro_runs_on_opening
{
    meta:
        en = "a macro that runs commands when the document is opened"
        zh = "打开文档即执行命令的宏"
        category = "malware-file"
        strength = "convicts"
    strings:
        $auto = /\bSub\s{1,3}(Auto_?Open|Auto_?Exec|Auto_?Close|Document_Open|Document_Close|Workbook_Open|Workbook_Activate)\b/ nocase
        $run1 = /\bShell\s{0,3}\(?\s{0,3}["']/ nocase
        $run2 = /(CreateObject|GetObject)\s{0,3}\(\s{0,3}["'](WScript\.Shell|Shell\.Application|winmgmts)/ nocase
        $run3 = "URLDownloadToFile" nocase
        $what = /(powershell|cmd(\.exe)?\s{1,3}\/c|mshta|rundll32|regsvr32|certutil|https?:\/\/|\.exe\b|\.dll\b)/ nocase
    condition:
        filesize < 5MB and $auto and any of ($run*) and $what
}

rule diagnostic_tool_link
{
    meta:
        en = "a link that makes a tool of Windows run commands (ms-msdt, search-ms)"
        zh = "借助 Windows 组件执行命令的链接（ms-msdt、search-ms）"
        category = "malware-file"
        strength = "convicts"
    strings:
        $msdt = /ms-msdt:[^\n]{0,200}(IT_BrowseForFile|PCWDiagnostic)/ nocase
        $search = /search-ms:[^\n"']{0,120}crumb=location:(%5c%5c|\\\\|https?:|\/\/)/ nocase
    condition:
        any of them
}
