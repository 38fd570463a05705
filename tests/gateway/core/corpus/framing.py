"""Which body is it? Content-Length and Transfer-Encoding, alone and against each other."""

from __future__ import annotations

from tests.gateway.core.corpus.case import POST, Case, passed, posted, refused

_END = b"\r\n\r\n"
_NO_LENGTHS = {
    "empty": b"", "plus": b"+2", "minus": b"-2", "minus zero": b"-0", "hex": b"0x2",
    "hex digits": b"a", "octal prefix": b"0o2", "a space inside": b"1 2", "a tab inside": b"1\t2",
    "a list": b"2, 2", "a list without space": b"2,2", "a list of two": b"2, 3",
    "an empty list item": b"2,", "a leading comma": b",2", "a fraction": b"2.0",
    "an exponent": b"2e0", "an underscore": b"1_0", "quotes": b'"2"', "single quotes": b"'2'",
    "Arabic digits": "٢".encode(), "full-width digits": "２".encode(), "superscript": b"\xb2",
    "19 digits": b"1" * 19, "64-bit overflow": b"18446744073709551618",
    "32-bit times many": b"4294967298" * 3, "a semicolon": b"2;", "a word": b"two",
    "a NUL": b"2\x00", "a vertical tab": b"\x0b2", "a form feed": b"2\x0c", "a percent": b"%32",
    "a bracket": b"(2)", "chunked": b"chunked", "a no-break space": b"\xa02",
}  # fmt: skip
_CODINGS = {
    "gzip": b"gzip", "identity": b"identity", "deflate": b"deflate", "br": b"br",
    "gzip, chunked": b"gzip, chunked", "chunked, gzip": b"chunked, gzip",
    "chunked, identity": b"chunked, identity", "identity, chunked": b"identity, chunked",
    "chunked twice": b"chunked, chunked", "a trailing comma": b"chunked,",
    "a leading comma": b", chunked", "quotes": b'"chunked"', "single quotes": b"'chunked'",
    "a prefix": b"xchunked", "a suffix": b"chunkedx", "a parameter": b"chunked;q=1",
    "a quality": b"chunked; q=0", "half of it": b"chunk", "nothing": b"",
    "a space inside": b"chun ked", "a tab inside": b"chun\tked", "a no-break space": b"\xa0chunked",
    "a Kelvin sign": "chun\u212aed".encode(), "a dotless letter": "chunKed\u0131".encode(),
    "a colon": b": chunked", "an equals sign": b"=chunked", "a comment": b"chunked (really)",
    "a backslash": b"\\chunked", "brackets": b"[chunked]", "high bytes": b"chunked\xff",
}  # fmt: skip
_BAD_BYTES = {
    "a vertical tab before": b"\x0bchunked", "a vertical tab after": b"chunked\x0b",
    "a NUL after": b"chunked\x00", "a bare CR before": b"\rchunked", "a bare CR after": b"chunked\r",
    "a bare LF before": b"\nchunked", "a form feed before": b"\x0cchunked",
    "a DEL after": b"chunked\x7f", "a backspace after": b"chunked\x08",
}  # fmt: skip
_CL5 = b"Content-Length: 5\r\n"
_TE = b"Transfer-Encoding: chunked\r\n"
_BOTH = {
    "length, then coding": _CL5 + _TE,
    "coding, then length": _TE + _CL5,
    "length zero and coding": b"Content-Length: 0\r\n" + _TE,
    "lower-case names": b"content-length: 5\r\ntransfer-encoding: chunked\r\n",
    "odd case": b"cOnTeNt-LeNgTh: 5\r\ntRANSFER-eNCODING: CHUNKED\r\n",
    "apart": _CL5 + b"Accept: */*\r\n" + _TE,
    "length twice and coding": _CL5 + _CL5 + _TE,
    "length listed in Connection": _CL5 + _TE + b"Connection: content-length\r\n",
    "coding listed in Connection": _CL5 + _TE + b"Connection: transfer-encoding\r\n",
    "tabs": b"Content-Length:\t5\r\nTransfer-Encoding:\tchunked\r\n",
}
_TWICE = {
    "two lengths": b"Content-Length: 1\r\nContent-Length: 2\r\n",
    "one length twice": b"Content-Length: 2\r\nContent-Length: 2\r\n",
    "a length and an empty one": b"Content-Length: 2\r\nContent-Length:\r\n",
    "an empty length and one": b"Content-Length:\r\nContent-Length: 2\r\n",
    "a length in other spelling": b"Content-Length: 2\r\ncontent-LENGTH: 2\r\n",
    "lengths 2 and 02": b"Content-Length: 2\r\nContent-Length: 02\r\n",
    "two codings": _TE + _TE,
    "two codings, one unknown to servers that read the first": _TE
    + b"TRANSFER-ENCODING: Chunked\r\n",
}
_LOOKALIKES = {
    "length, space before the colon": b"Content-Length : 2\r\n",
    "length, tab before the colon": b"Content-Length\t: 2\r\n",
    "length, underscore": b"Content_Length: 2\r\n",
    "length, leading space": b" Content-Length: 2\r\n",
    "length without a colon": b"Content-Length 2\r\n",
    "length, soft hyphen": b"Content\xadLength: 2\r\n",
    "length, NUL in the name": b"Content\x00-Length: 2\r\n",
    "length on a folded line": b"Content-Length:\r\n 2\r\n",
    "length continued on a folded line": b"Content-Length: 1\r\n 0\r\n",
    "length after a bare CR": b"A: b\rContent-Length: 2\r\n",
    "length after a bare LF": b"A: b\nContent-Length: 2\r\n",
    "coding, space before the colon": b"Transfer-Encoding : chunked\r\n",
    "coding, tab before the colon": b"Transfer-Encoding\t: chunked\r\n",
    "coding, underscore": b"Transfer_Encoding: chunked\r\n",
    "coding, leading tab": b"\tTransfer-Encoding: chunked\r\n",
    "coding, no colon at all": b"Transfer-Encoding chunked\r\n",
    "coding continued on a folded line": b"Transfer-Encoding: chunked\r\n , identity\r\n",
    "coding after a bare CR": b"A: b\rTransfer-Encoding: chunked\r\n",
    "coding after a bare LF": b"A: b\nTransfer-Encoding: chunked\r\n",
    "coding, quoted name": b'"Transfer-Encoding": chunked\r\n',
    "coding, NUL in the name": b"Transfer\x00-Encoding: chunked\r\n",
}
_OLD = b"POST /open HTTP/1.0\r\nHost: city.example\r\n"

CASES: list[Case] = [
    *(
        refused(f"length: {name}", POST + b"Content-Length: " + value + _END + b"ab")
        for name, value in _NO_LENGTHS.items()
    ),
    *(
        refused(
            f"coding: {name}", POST + b"Transfer-Encoding: " + value + _END + b"0\r\n\r\n", 501
        )
        for name, value in _CODINGS.items()
    ),
    *(
        refused(f"coding: {name}", POST + b"Transfer-Encoding: " + value + _END + b"0\r\n\r\n")
        for name, value in _BAD_BYTES.items()
    ),
    *(
        refused(f"both: {name}", POST + fields + b"\r\n0\r\n\r\n")
        for name, fields in _BOTH.items()
    ),
    *(refused(f"twice: {name}", POST + f + b"\r\nab") for name, f in _TWICE.items()),
    *(refused(f"looks like: {name}", POST + f + b"\r\nab") for name, f in _LOOKALIKES.items()),
    refused("coding on a folded line", POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n", 501),
    refused("coding in HTTP/1.0", _OLD + _TE + b"\r\n0\r\n\r\n"),
    refused("coding and length in HTTP/1.0", _OLD + _TE + _CL5 + b"\r\n0\r\n\r\n"),
    passed("length in HTTP/1.0", _OLD + _CL5 + b"\r\nhello", posted(b"hello"), kept=False),
    passed("length 0", POST + b"Content-Length: 0\r\n\r\n", posted()),
    passed("length with leading zeros", POST + b"Content-Length: 0005\r\n\r\nhello", posted(b"hello")),
    passed("length between tabs", POST + b"Content-Length: \t5\t \r\n\r\nhello", posted(b"hello")),
    passed("length without space", POST + b"Content-Length:5\r\n\r\nhello", posted(b"hello")),
    passed("no length, no content", POST + b"\r\n", posted()),
    passed("coding in capitals", POST + b"TRANSFER-ENCODING: CHUNKED\r\n\r\n0\r\n\r\n", posted()),
    passed("coding between tabs", POST + b"Transfer-Encoding:\t chunked \t\r\n\r\n0\r\n\r\n", posted()),
    passed(
        "length listed in Connection still counts",
        POST + b"Connection: content-length\r\nContent-Length: 5\r\n\r\nhello", posted(b"hello"),
    ),
    passed(
        "coding listed in Connection still counts",
        POST + b"Connection: transfer-encoding\r\n" + _TE + b"\r\n5\r\nhello\r\n0\r\n\r\n",
        posted(b"hello"),
    ),
    passed(
        "a length in a field of another name", POST + b"X-Content-Length: 9\r\n" + _CL5
        + b"\r\nhello", posted(b"hello"),
    ),
]  # fmt: skip
