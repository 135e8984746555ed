# tests/shape.jq - what CONTRACT.md says of the JSON object of a binary, as filters that name each fault.
# `object_faults` gives one line a fault, and nothing for an object that is as it should be.

def fault(path; what): "\(path): \(what): \(tojson[0:200])";
def must(path; ok; what): if ok then empty else fault(path; what) end;
def hex(path): must(path; type == "string" and test("^0x(0|[1-9a-f][0-9a-f]*)$"); "not a hexadecimal string");
def bytes(path): must(path; type == "string" and test("^([0-9a-f]{2}){1,15}$"); "not the bytes of an instruction");
def text(path): must(path; type == "string" and length > 0; "not a text");
def text_or_null(path): must(path; . == null or type == "string"; "neither text nor null");
def count(path): must(path; type == "number" and . >= 0 and . == floor; "not a count");
def integer(path): must(path; type == "number" and . == floor; "not an integer");
def one_of(path; words): must(path; . as $word | words | index([$word]) != null; "none of its words");
def exactly(path; names): must(path; type == "object" and keys == (names | sort); "has other keys than \(names | tojson)");
def each(path; f): if type != "array" then fault(path; "not an array") else range(length) as $i | .[$i] | f end;

def register: test("^(r(ax|bx|cx|dx|si|di|bp|sp|8|9|1[0-5])|[xyz]mm([0-9]|[12][0-9]|3[01])|k[0-7]|mm[0-7]|st[0-7])$");
def location(path):
    .kind as $kind
    | ("addend" as $a | if has($a) then del(.[$a]) else . end)
    | (if $kind == "reg" then exactly(path; ["kind", "reg", "bits"]), must(path; .reg | register; "no whole register")
       elif $kind == "stack" then exactly(path; ["kind", "base", "disp", "bits"]), must(path; .base | register; "no register"),
           (.disp | integer(path + ".disp"))
       elif $kind == "memory" then exactly(path; ["kind", "base", "index", "scale", "disp", "bits"] + (["segment"] - (["segment"] - keys)))
       elif $kind == "static" then exactly(path; ["kind", "address", "bits"]), (.address | hex(path + ".address"))
       else fault(path; "no kind of location") end),
      must(path; .bits as $b | [8, 16, 32, 64, 128, 256, 512, 1] | index($b) != null; "odd number of bits");

def proof(path): one_of(path; ["exact", "callees", "abi", "frame", "partial"]);
def def_faults(path): exactly(path; ["pc", "kind", "text", "location"]), (.pc | hex(path + ".pc")), (.text | text_or_null(path + ".text")),
    (.kind | one_of(path; ["argument", "load", "call", "compute", "merge"])), (.location | location(path + ".location"));
def site_faults(path):
    exactly(path; ["pc", "offset", "file_offset", "bytes", "text", "constant", "relation", "via", "location"]),
    (.pc | hex(path + ".pc")), (.offset | integer(path + ".offset")), (.file_offset | hex(path + ".file_offset")),
    (.bytes | bytes(path + ".bytes")), (.text | text(path + ".text")), must(path + ".constant"; .constant | type == "number"; "not a number"),
    (.relation | one_of(path + ".relation"; ["==", "!=", "<", "<=", ">", ">=", "case"])),
    (.via | one_of(path + ".via"; ["immediate", "register", "call", "memory", "switch", "range", "bitset", "derived"])),
    (.location | location(path + ".location"));
def range_faults(path): exactly(path; ["start", "end", "location", "proof"]), (.start | hex(path + ".start")),
    (.end | hex(path + ".end")), (.location | location(path + ".location")), (.proof | proof(path + ".proof"));
def probe_faults(path):
    if . == null then empty else
    exactly(path; ["pc", "offset", "file_offset", "bytes", "text", "location", "proof", "cost", "coverage"]),
    (.pc | hex(path + ".pc")), (.offset | integer(path + ".offset")), (.file_offset | hex(path + ".file_offset")),
    (.bytes | bytes(path + ".bytes")), (.text | text(path + ".text")), (.location | location(path + ".location")),
    (.proof | proof(path + ".proof")), (.cost | one_of(path + ".cost"; ["emulated", "stepped"])),
    (.coverage | one_of(path + ".coverage"; ["once", "some", "many"])) end;
def function_faults(path):
    exactly(path; ["name", "demangled", "start", "size", "found_by", "parts"]), (.name | text_or_null(path + ".name")),
    (.demangled | text_or_null(path + ".demangled")), (.start | hex(path + ".start")), (.size | count(path + ".size")),
    (.found_by | one_of(path + ".found_by"; ["symtab", "dynsym", "eh_frame", "pclntab", "entry", "init", "pointer", "call", "jump", "padding"])),
    (.parts | each(path + ".parts"; must(path + ".parts"; type == "array" and length == 2; "not a pair"), (.[] | hex(path + ".parts"))));
def variable_faults(path):
    .float as $float | (if $float then del(.float) else . end) |
    exactly(path; ["id", "score", "name", "function", "width", "sign", "constants", "matched", "defs", "sites", "ranges", "probe"]),
    (.id | count(path + ".id")), must(path + ".score"; .score | type == "number" and . >= 0 and . <= 1; "not in 0..1"),
    (.name | text_or_null(path + ".name")), (.function | function_faults(path + ".function")),
    (.width | one_of(path + ".width"; [8, 16, 32, 64, 128])), (.sign | one_of(path + ".sign"; ["unknown", "signed", "unsigned"])),
    ((.constants, .matched) | each(path + ".constants"; if $float then must(path; type == "number"; "not a number") else integer(path + ".constants") end)),
    (if $float then empty else .sites[] | .constant | integer(path + ".sites.constant") end),
    must(path; .constants == (.constants | sort); "constants that are out of order"),
    must(path; ([.constants[] | select(fabs < 9007199254740992)] | . == unique); "constants that repeat"), # jq reads larger ones as doubles
    must(path; (.matched - .constants) == []; "matched what is not among its constants"),
    must(path; (.constants - [.sites[].constant]) == []; "a constant without a site"),
    (.defs | each(path + ".defs"; def_faults(path + ".defs"))), (.sites | each(path + ".sites"; site_faults(path + ".sites"))),
    (.ranges | each(path + ".ranges"; range_faults(path + ".ranges"))), (.probe | probe_faults(path + ".probe"));
def object_faults:
    exactly("."; ["schema", "version", "binary", "query", "stats", "variables", "warnings"]), must(".schema"; .schema == "lvscan/1"; "not lvscan/1"),
    (.version | text(".version")),
    (.binary | exactly(".binary"; ["path", "size", "sha256", "build_id", "type", "stripped", "static"]), (.path | text(".path")),
        (.size | count(".size")), (.sha256 | text_or_null(".sha256")), (.build_id | text_or_null(".build_id")),
        (.type | one_of(".type"; ["EXEC", "DYN"])), must(".binary"; [.stripped, .static] | all(type == "boolean"); "not boolean")),
    (.query | exactly(".query"; ["constants", "functions"]), (.constants | each(".constants"; integer(".query.constants"))),
        (.functions | each(".functions"; text(".query.functions")))),
    (.stats | exactly(".stats"; ["functions", "analyzed", "instructions", "bytes", "unresolved_jumps", "elapsed_ns"]),
        (.[] | count(".stats"))),
    (.variables | each(".variables"; variable_faults(".variables"))),
    (.warnings | each(".warnings"; must(".warnings"; type == "string" or type == "object"; "neither text nor object")));
