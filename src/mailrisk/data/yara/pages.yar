// Web pages and drawings as attached files. The meta of a rule is explained in docs/how-to/add-yara-rules.md.

rule page_unpacks_program
{
    meta:
        en = "a page that unpacks a program or archive by script and saves it (HTML smuggling)"
        zh = "用脚本解包并落地程序或压缩包的网页（HTML 走私）"
        category = "malware-file"
        strength = "convicts"
    strings:
        $blob1 = "createObjectURL" nocase
        $blob2 = "msSaveOrOpenBlob" nocase
        $blob3 = "msSaveBlob" nocase
        $act1 = ".click(" nocase
        $act2 = "msSave" nocase
        $act3 = "window.open" nocase
        $exe = /["'`]TV[opqr][A-Za-z0-9+\/]{200}/
        $zip = /["'`]UEsDB[A-Za-z0-9+\/]{100}/
        $rar = /["'`]UmFyI[A-Za-z0-9+\/]{100}/
        $sevenzip = /["'`]N3q8r[A-Za-z0-9+\/]{100}/
        $lnk = /["'`]TAAAAAEUAg[A-Za-z0-9+\/]{60}/
    condition:
        any of ($blob*) and any of ($act*) and any of ($exe, $zip, $rar, $sevenzip, $lnk)
}

rule page_saves_packed_data
{
    meta:
        en = "a page that saves a file out of its own script"
        zh = "从自身脚本中生成并保存文件的网页"
        category = "malware-file"
        strength = "suspicious"
    strings:
        $blob1 = "createObjectURL" nocase
        $blob2 = "msSaveOrOpenBlob" nocase
        $decode1 = "atob(" nocase
        $decode2 = "fromCharCode" nocase
        $decode3 = "Uint8Array" nocase
        $download1 = ".download" nocase
        $download2 = "msSave" nocase
        $long = /["'`][A-Za-z0-9+\/=]{3000}/
    condition:
        any of ($blob*) and any of ($decode*) and any of ($download*) and $long
}

rule page_sends_password_to_chat
{
    meta:
        en = "a page that sends what is typed to a chat bot or webhook"
        zh = "把输入内容发送到聊天机器人或 Webhook 的网页"
        category = "credential-phishing"
        strength = "convicts"
    strings:
        $telegram = /api\.telegram\.org\/bot[0-9]{6,12}(:|%3A)[A-Za-z0-9_-]{20,60}/ nocase
        $telegram_split = /api\.telegram\.org\/bot["'`$+]/ nocase
        $discord = /discord(app)?\.com\/api\/webhooks\/[0-9]{10,25}\// nocase
        $send = "sendMessage" nocase
        $password1 = /type\s{0,3}=\s{0,3}["']?password/ nocase
        $password2 = "密码"
        $password3 = "passwd" nocase
    condition:
        any of ($password*) and ($telegram or $discord or ($telegram_split and $send))
}

rule page_posts_password_elsewhere
{
    meta:
        en = "a form with a password that is sent to a form collector or a script on another host"
        zh = "把密码提交到表单收集服务或其他主机脚本的表单"
        category = "credential-phishing"
        strength = "suspicious"
    strings:
        $password = /type\s{0,3}=\s{0,3}["']?password/ nocase
        $collector = /(formspree\.io|submit-form\.com|formcarry\.com|getform\.io|web3forms\.com|formsubmit\.co|formbold\.com|basin\.io|usebasin\.com|herotofu\.com|smartforms\.dev)\// nocase
        $script = /action\s{0,3}=\s{0,3}["']?https?:\/\/[^"'\s>]{4,200}\.php/ nocase
        $ajax = /(url|fetch\()\s{0,3}[:=]?\s{0,3}["']https?:\/\/[^"'\s>]{4,200}\.php/ nocase
    condition:
        filesize < 3MB and $password and any of ($collector, $script, $ajax)
}

rule page_knows_its_victim
{
    meta:
        en = "a log-in page that dresses itself by the victim's mail address"
        zh = "根据受害者邮箱地址自动换装的登录页"
        category = "credential-phishing"
        strength = "suspicious"
    strings:
        $password = /type\s{0,3}=\s{0,3}["']?password/ nocase
        $logo1 = "logo.clearbit.com/" nocase
        $logo2 = "google.com/s2/favicons?domain" nocase
        $logo3 = "image.thum.io/get" nocase
        $hash1 = "location.hash" nocase
        $hash2 = /atob\([a-z.]{0,30}(hash|search)/ nocase
        $hash3 = /indexOf\(["']@["']\)/ nocase
    condition:
        filesize < 3MB and $password and any of ($logo*) and any of ($hash*)
}

rule page_written_by_decoder
{
    meta:
        en = "a page that is hidden in code and written when it is opened"
        zh = "内容经编码隐藏、打开时才写出的网页"
        category = "credential-phishing"
        strength = "suspicious"
    strings:
        $write1 = /document\.write(ln)?\s{0,3}\(\s{0,3}(unescape|decodeURIComponent|atob|escape)\s{0,3}\(/ nocase
        $write2 = /document\.write(ln)?\s{0,3}\(\s{0,3}window\.atob/ nocase
        $eval = /eval\s{0,3}\(\s{0,3}(unescape|atob|decodeURIComponent)\s{0,3}\(/ nocase
        $percent = /(%[0-9a-fA-F]{2}){300}/
        $long = /["'`][A-Za-z0-9+\/=]{1500}/
    condition:
        any of ($write*, $eval) and any of ($percent, $long)
}

rule page_pastes_command
{
    meta:
        en = "a page that has its reader paste a command into Windows (ClickFix)"
        zh = "诱导读者把命令粘贴到 Windows 执行的网页（ClickFix）"
        category = "malware-file"
        strength = "convicts"
    strings:
        $clip1 = "clipboard.writeText" nocase
        $clip2 = /execCommand\(["']copy["']\)/ nocase
        $command = /(powershell(\.exe)?\s{1,4}-|mshta(\.exe)?\s{1,4}https?:|cmd(\.exe)?\s{1,4}\/c\s|curl\s[^"'\n]{0,200}\|\s?(iex|cmd|bash))/ nocase
        $keys1 = /win(dows)?(\s?key)?\s?(\+|<\/[a-z]{1,8}>\s?\+)\s?(<[a-z]{1,8}>)?\s?r\b/ nocase
        $keys2 = /ctrl\s?(\+|<\/[a-z]{1,8}>\s?\+)\s?(<[a-z]{1,8}>)?\s?v\b/ nocase
    condition:
        any of ($clip*) and $command and any of ($keys*)
}

rule drawing_with_script
{
    meta:
        en = "a drawing (SVG) whose script decodes or redirects"
        zh = "含解码或跳转脚本的 SVG 图片"
        category = "credential-phishing"
        strength = "suspicious"
    strings:
        $svg = /<svg[\s>]/ nocase
        $script = /<script[\s>]/ nocase
        $does1 = "atob(" nocase
        $does2 = "fromCharCode" nocase
        $does3 = /(window|document|top|self)\.location/ nocase
        $does4 = "charCodeAt" nocase
        $does5 = "eval(" nocase
        $does6 = "unescape(" nocase
    condition:
        $svg in (0..2000) and not filesize > 3MB and $script and any of ($does*)
        and uint32be(0) != 0x3c21444f // A web page that holds drawings begins otherwise.
        and not for any i in (0..1000) : (uint32be(i) == 0x3c68746d or uint32be(i) == 0x3c48544d)
}

rule chinese_mailbox_login_page
{
    meta:
        en = "a Chinese page that asks for the mailbox password"
        zh = "要求输入邮箱密码的中文网页"
        category = "credential-phishing"
        strength = "suspicious"
    strings:
        $password = /type\s{0,3}=\s{0,3}["']?password/ nocase
        $box1 = "邮箱"
        $box2 = "电子邮件"
        $word = "密码"
        $why1 = "过期"
        $why2 = "升级"
        $why3 = "停用"
        $why4 = "重新登录"
        $why5 = "继续查看"
        $why6 = "验证您的"
        $why7 = "已锁定"
    condition:
        filesize < 2MB and $password and any of ($box*) and $word and any of ($why*)
}

rule chinese_card_form
{
    meta:
        en = "a Chinese form that asks for identity number, bank card and balance or code"
        zh = "索取身份证号、银行卡号以及余额或验证码的表单"
        category = "image-text-lure"
        strength = "convicts"
    strings:
        $input = /<input[\s>]/ nocase
        $identity = "身份证"
        $card1 = "银行卡"
        $card2 = "卡号"
        $secret1 = "余额"
        $secret2 = /cvv|cvn2/ nocase
        $secret3 = "取款密码"
        $secret4 = "支付密码"
        $lure1 = "补贴"
        $lure2 = "补助"
        $lure3 = "领取"
        $lure4 = "退税"
        $lure5 = "社保"
        $lure6 = "ETC"
    condition:
        filesize < 2MB and #input >= 3 and $identity and any of ($card*) and any of ($secret*) and any of ($lure*)
}
