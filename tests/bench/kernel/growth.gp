# How the cost of an event grows: a panel each. dir (with WHAT.data: n, and for each kernel fault, pair, fork, exec: what recording adds), kernels, kind, out come from bench.
if (kind eq 'svg') set terminal svg size 1200,900 font 'DejaVu Sans,13' background '#ffffff'
if (kind eq 'png') set terminal pngcairo size 1600,1200 font 'DejaVu Sans,13' background '#ffffff'
set output out
set border 3 lc rgb '#555555'
set tics nomirror
set grid lc rgb '#e2e2e2' lw 1
set key top left reverse Left
set autoscale xfix
set logscale x
set yrange [0:*]
set lmargin 11
set rmargin 5
n = words(kernels)
array colour[4] = ['#2b6cb0', '#c05621', '#2f855a', '#718096']
events(what) = dir.'/'.what.'.data'
# One scale for all, with room for the key.
most = 0
do for [what in "vmas processes threads cpus"] {
	do for [k = 1:n] {
		stats events(what) using 4 * k - 1 nooutput
		if (STATS_max > most) { most = STATS_max }
	}
}
set multiplot layout 3,2
set yrange [0:1.6 * most]
set ylabel 'instructions an event more'
do for [panel in "vmas processes threads cpus"] {
	set xlabel panel eq 'vmas' ? 'VMAs of the process' : panel eq 'processes' ? 'processes watched' : panel eq 'threads' ? 'threads, on 4 CPUs' : 'CPUs, each with a busy process'
	plot for [k = 1:n] events(panel) using 1:(column(4 * k - 2)):xtic(1) with linespoints lw 2 pt 7 ps 0.6 lc rgb colour[k] title 'page fault, Linux '.word(kernels, k), \
	     for [k = 1:n] events(panel) using 1:(column(4 * k - 1)) with linespoints lw 2 dt 2 pt 5 ps 0.6 lc rgb colour[k] title 'mmap + munmap, Linux '.word(kernels, k)
}
unset logscale x
set yrange [0:*]
set xlabel 'VMAs of the process'
set ylabel 'instructions more, millions'
plot for [k = 1:n] events('vmas') using 1:(column(4 * k) / 1e6) with linespoints lw 2 pt 7 ps 0.6 lc rgb colour[k] title 'fork, Linux '.word(kernels, k)
plot for [k = 1:n] events('vmas') using 1:(column(4 * k + 1) / 1e6) with linespoints lw 2 pt 7 ps 0.6 lc rgb colour[k] title 'exec, Linux '.word(kernels, k)
unset multiplot
