# Columns: malloc'd, heap extension, mapped by malloc, depth, stack, stack in memory.
data = dir.'/stack.data'
set title 'recursion: the stack grows with the depth, and stays when the calls return'
set xlabel 'depth of the recursion (1 KiB in each frame)'
set ylabel 'KiB'
set xrange [0:*]
set yrange [0:*]
stats data using 4 nooutput
deep = STATS_index_max
plot data using 4:(KiB($5)) every ::0::deep with steps lw 7 lc rgb '#a9c9ea' title 'size of [stack], on the way down', \
     data using 4:(KiB($6)) every ::0::deep with steps lw 2 lc rgb '#2f855a' title 'of it in memory', \
     data using 4:(KiB($5)) every ::deep with lines lw 2.5 dt 2 lc rgb '#c05621' title 'size of [stack], on the way back'
