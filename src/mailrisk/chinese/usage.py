"""What click says by itself, in Chinese: headings of help, and wrong usage."""

from __future__ import annotations

from typing import Final

HEADINGS: Final = {"Usage:": "用法：", "Options": "选项", "Commands": "命令"}

FORMS: Final = {
    "[OPTIONS]": "[选项]",
    "[COMMAND] [ARGS]...": "[命令] [参数]...",
    "COMMAND [ARGS]...": "命令 [参数]...",
}

EXTRAS: Final = {"default: ": "默认：", "required": "必填", "(dynamic)": "（自动）"}
"""What stands in brackets behind the help of an option."""

TRY: Final = "输入 '{}' 查看帮助。"
ERROR: Final = "错误：{}"

WRONG_USAGE: Final = {
    "No such option {}.": "没有 {} 这个选项。",
    "No such option {}. Did you mean {}?": "没有 {} 这个选项。您是不是要用 {}？",
    "No such option {}. (Did you mean one of: {}?)": "没有 {} 这个选项。您是不是要用其中之一：{}？",
    "No such command {}.": "没有 {} 这个命令。",
    "No such command {}. Did you mean {}?": "没有 {} 这个命令。您是不是要用 {}？",
    "No such command {}. (Did you mean one of: {}?)": "没有 {} 这个命令。您是不是要用其中之一：{}？",
    "Missing command.": "缺少命令。",
    "Missing argument {}.": "缺少参数 {}。",
    "Missing option {}.": "缺少选项 {}。",
    "Missing option {}. {}": "缺少选项 {}。{}",
    "Got unexpected extra argument ({})": "多余的参数（{}）",
    "Got unexpected extra arguments ({})": "多余的参数（{}）",
    "Invalid value: {}": "无效的值：{}",
    "Invalid value for {}: {}": "{} 的值无效：{}",
    "Option {} does not take a value.": "选项 {} 不带值。",
    "Option {} requires an argument.": "选项 {} 需要一个值。",
    "Option {} requires {} arguments.": "选项 {} 需要 {} 个值。",
    "Argument {} takes {} values.": "参数 {} 需要 {} 个值。",
    "{} is not {}.": "{} 不是 {}。",
    "{} is not one of {}.": "{} 不在可选值之中：{}。",
    "{} is not a valid {}.": "{} 不是有效的 {}。",
    "{} is not a valid integer.": "{} 不是有效的整数。",
    "{} is not a valid float.": "{} 不是有效的数字。",
    "{} is not a valid integer range.": "{} 不是有效的整数。",
    "{} is not in the range {}.": "{} 不在范围 {} 之内。",
    "File {} does not exist.": "文件 {} 不存在。",
    "File {} is a directory.": "{} 是目录，不是文件。",
    "File {} is not readable.": "文件 {} 不可读。",
    "Directory {} is a file.": "{} 是文件，不是目录。",
    "Directory {} does not exist.": "目录 {} 不存在。",
    "Directory {} is not readable.": "目录 {} 不可读。",
    "Path {} does not exist.": "路径 {} 不存在。",
    "Could not open file {}: {}": "无法打开文件 {}：{}",
}  # fmt: skip
"""Errors of the command line, as click words them."""

SYSTEM: Final = {
    "No such file or directory": "没有那个文件或目录",
    "Permission denied": "权限不够",
    "Operation not permitted": "不允许的操作",
    "Is a directory": "是一个目录",
    "Not a directory": "不是目录",
    "File exists": "文件已存在",
    "No space left on device": "磁盘空间不足",
    "Disk quota exceeded": "超出磁盘配额",
    "Read-only file system": "只读文件系统",
    "Input/output error": "输入/输出错误",
    "Too many open files": "打开的文件过多",
    "Cannot allocate memory": "内存不足",
    "Invalid argument": "无效的参数",
    "Broken pipe": "管道已断开",
    "Address already in use": "地址已被占用",
    "Cannot assign requested address": "无法分配所请求的地址",
    "Connection refused": "连接被拒绝",
    "Connection reset by peer": "连接被对方重置",
    "Connection timed out": "连接超时",
    "Network is unreachable": "网络不可达",
    "No route to host": "没有到主机的路由",
    "Name or service not known": "域名无法解析",
    "Temporary failure in name resolution": "域名解析暂时失败",
    "All connection attempts failed": "无法建立连接",
    "file is not a database": "文件不是数据库",
    "database disk image is malformed": "数据库文件已损坏",
    "database is locked": "数据库被其他进程锁住",
    "unable to open database file": "无法打开数据库文件",
    "attempt to write a readonly database": "数据库只读，无法写入",
    "disk I/O error": "磁盘输入/输出错误",
    "database or disk is full": "磁盘空间不足",
    "[Errno {}] {}": "[错误 {}] {}",
}  # fmt: skip
"""What the operating system answers."""

FORM: Final = {
    "Expected {}, got {}": "应为 {}，实为 {}",
    "Expected {}, got {} - at {}": "应为 {}，实为 {}（位置 {}）",
    "Expected {}": "应为 {}",
    "Expected {} - at {}": "应为 {}（位置 {}）",
    "Object contains unknown field {}": "含未知的字段 {}",
    "Object contains unknown field {} - at {}": "含未知的字段 {}（位置 {}）",
    "Object missing required field {}": "缺少必填字段 {}",
    "Object missing required field {} - at {}": "缺少必填字段 {}（位置 {}）",
    "Invalid enum value {}": "{} 不是可选的值",
    "Invalid enum value {} - at {}": "{} 不是可选的值（位置 {}）",
    "{}; did you mean {}?": "{}；您是不是要用 {}？",
    "{}; there are: {}": "{}；可选：{}",
    "Invalid RFC3339 encoded datetime": "不是 RFC 3339 格式的时间",
    "Invalid RFC3339 encoded datetime - at {}": "不是 RFC 3339 格式的时间（位置 {}）",
    "JSON is malformed: {}": "JSON 格式错误：{}",
    "JSON is malformed: {} (byte {})": "JSON 格式错误：{}（第 {} 字节）",
    "Input data was truncated": "数据不完整",
    "invalid character": "无效字符",
    "trailing characters": "末尾有多余内容",
    "Invalid value (at line {}, column {})": "无效的值（第 {} 行，第 {} 列）",
    "Invalid statement (at line {}, column {})": "无效的语句（第 {} 行，第 {} 列）",
    "Unclosed array (at end of document)": "数组未结束（文件末尾）",
    "Unterminated string (at line {}, column {})": "字符串未结束（第 {} 行，第 {} 列）",
    "Unterminated string (at end of document)": "字符串未结束（文件末尾）",
    "Expected '=' after a key in a key/value pair (at line {}, column {})": "键之后缺少“=”（第 {} 行，第 {} 列）",
    "Expected '=' after a key in a key/value pair (at end of document)": "键之后缺少“=”（文件末尾）",
    "Cannot overwrite a value (at line {}, column {})": "重复定义了同一个键（第 {} 行，第 {} 列）",
    "Cannot declare {} twice (at line {}, column {})": "{} 重复声明（第 {} 行，第 {} 列）",
    "Expected newline or end of document after a statement (at line {}, column {})":
        "语句之后应换行（第 {} 行，第 {} 列）",
}  # fmt: skip
"""What the readers of JSON and TOML say of a wrong form."""
