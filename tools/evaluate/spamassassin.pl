# SpamAssassin's score of each message whose path stands on a line of standard input; local tests only, no Bayes,
# no network. Prints one score a line.
use strict;
use warnings;
use Mail::SpamAssassin;

my $home = shift @ARGV;
my $judge = Mail::SpamAssassin->new({
    local_tests_only => 1,
    dont_copy_prefs => 1,
    userprefs_filename => "$home/user_prefs",
    userstate_dir => $home,
    home_dir_for_helpers => $home,
    post_config_text => "use_bayes 0\nskip_rbl_checks 1\nuse_auto_whitelist 0\ndns_available no\n",
});
$judge->compile_now(0);
$| = 1;
while (my $path = <STDIN>) {
    chomp $path;
    open(my $file, "<:raw", $path) or do { print "nan\n"; next };
    local $/ = undef;
    my $raw = <$file>;
    close $file;
    my $mail = $judge->parse($raw);
    my $status = $judge->check($mail);
    print $status->get_score(), "\n";
    $status->finish();
    $mail->finish();
}
