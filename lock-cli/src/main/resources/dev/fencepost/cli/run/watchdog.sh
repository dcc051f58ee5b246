# Ends the process group of `fencepost run` when `run` cannot: `run` was killed, or it is stopped
# when the lease ends. Reads commands from a pipe that only `run` holds open:
#
#   group G     the process group; sent by the group's own leader before its command starts
#   lease T K   send TERM at T and KILL at K, in hundredths of a second of /proc/uptime
#   signal S    send the signal S to the group
#   end         the command has ended
#
# The end of the pipe means that `run` is dead.
#
# $1  hundredths of a second from TERM to KILL once `run` is dead
#
# It leads its own session, so that no signal to `run` or to the command reaches it. All its children
# share its process group. A signal to group 0 is for them; the watchdog itself ignores it.
trap : HUP INT QUIT TERM USR1 USR2 ALRM TSTP TTIN TTOU
group='' term_at='' kill_at=''

look_at_clock() {
  read -r up _ </proc/uptime
  now=${up%.*}${up#*.}
}

nap() {
  sleep "$(($1 / 100)).$(($1 % 100 / 10))$(($1 % 10))"
}

nap_until() {
  look_at_clock
  [ "$1" -le "$now" ] || nap "$(($1 - now))"
}

send() {
  kill -s "$1" -- "-$group" 2>/dev/null
}

# After the name, which may contain anything, /proc/PID/stat has state, parent and group.
is_alive() {
  for stat in /proc/[0-9]*/stat; do
    { read -r line <"$stat"; } 2>/dev/null || continue
    set -- ${line##*) }
    [ "$3" != "$group" ] || [ "$1" = Z ] || [ "$1" = X ] || return 0
  done
  return 1
}

# The number of an ended group may belong to another group by now, so check before each signal.
end_in_time() {
  nap_until "$term_at" && is_alive || return
  send TERM
  send CONT
  nap_until "$kill_at" && is_alive && send KILL
}

arm() {
  [ -n "$group" ] && [ -n "$term_at" ] || return
  kill -TERM 0
  wait
  end_in_time </dev/null &
}

# A read that fails twice in a row was not interrupted by a signal: the pipe has ended.
while read -r word first second || read -r word first second; do
  case $word in
    group) [ "$group" = "$first" ] || { group=$first && arm; } ;;
    lease) term_at=$first kill_at=$second && arm ;;
    signal) [ -z "$group" ] || send "$first" ;;
    end) kill -KILL 0 ;;
  esac
done

if [ -n "$group" ] && is_alive; then
  send TERM
  send CONT
  look_at_clock
  patience_ends=$((now + $1))
  while is_alive; do
    look_at_clock
    [ "$now" -lt "$patience_ends" ] || send KILL
    nap 5
  done
fi
kill -KILL 0
