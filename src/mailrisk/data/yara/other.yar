// What fits nowhere else.

rule eicar_test_file
{
    meta:
        en = "the EICAR test file"
        zh = "EICAR 测试文件"
        category = "malware-file"
        strength = "convicts"
    strings:
        $text = /X5O!P%@AP\[4\\PZX54\(P\^\)7CC\)7\}\$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!\$H\+H\*/
    condition:
        $text at 0 and filesize < 200
}
