# shellcheck shell=sh
# The begin and end of a test case, and its assertions.

passed=0 failed=0 skipped=0
begin() { title=$1 why=; }
wrong() { why="$why
   $*"; }
end() {
    if [ -z "$why" ]; then
        passed=$((passed + 1))
        echo "ok    $title"
    else
        failed=$((failed + 1))
        echo "FAIL  $title$why"
        [ ! -s "$scratch/out" ] || sed 's/^/   | /' "$scratch/out"
    fi
    : >"$scratch/out"
}
skip() {
    skipped=$((skipped + 1))
    echo "skip  $1: $2"
}
total() {
    # shellcheck disable=SC2015
    [ "$skipped" = 0 ] && echo "$passed passed, $failed failed" || echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ]
    exit
}

# is WHAT FOUND EXPECTED
is() { [ "$2" = "$3" ] || wrong "$1: '$2', expected '$3'"; }
code_is() { is 'exit code' "$code" "$1"; }
says() { grep -q -- "$1" "$scratch/out" || wrong "output does not match: $1"; }
says_not() { ! grep -q -- "$1" "$scratch/out" || wrong "output matches: $1"; }
# An error is one line.
one_line() { is 'lines of output' "$(wc -l <"$scratch/out")" "$1"; }
mode_is() { is "mode of $2" "$(stat -c %a "$2" 2>/dev/null)" "$1"; }
holds() { grep -qF -- "$2" "$1" 2>/dev/null || wrong "$1 does not hold: $2"; }
count_is() { is "lines with '$2' in $3" "$(grep -cF -- "$2" "$3" 2>/dev/null)" "$1"; }
# Lists all files of the machine, with the times of files but not of directories.
snapshot() { (cd "$scratch/$machine" && find . -type d -printf '%p %m %u\n' -o -printf '%p %m %u %s %T@ %l\n' | sort); }
remember() { snapshot >"$scratch/before"; }
unchanged() { snapshot | diff "$scratch/before" - >"$scratch/diff" || wrong "something changed: $(cat "$scratch/diff")"; }
# changed_are PATH...: exactly these have changed.
changed_are() {
    snapshot | diff "$scratch/before" - | sed -n 's/^[<>] \([^ ]*\) .*/\1/p' | sort -u >"$scratch/diff"
    is 'what changed' "$(tr '\n' ' ' <"$scratch/diff")" "$* "
}
no_leftovers() { is leftovers "$(find "$scratch/$machine" -name '*.new*')" ''; }
