package analysis

// Stop words are in nearly every text of their language and tell texts apart
// by nothing. They are the articles, pronouns, short prepositions and
// conjunctions, and forms of to be and to have, with what an apostrophe leaves
// behind of them: "s" and "t" of "it's" and "don't", "l" of "l'eau".
const (
	englishStops = `a am an and are as at be because been being but by can could did do does doing for from had has have having he her hers herself
	him himself his how i if in into is it its itself me my myself no nor not of on or our ours ourselves s she such t than that the their theirs
	them themselves then there these they this those to was we were what when where which who whom why will with would you your yours yourself
	yourselves`

	arabicStops = `في من على إلى الى عن مع هذا هذه ذلك تلك التي الذي الذين هو هي هم نحن أنا أنت كان كانت يكون لا لم لن ما ليس أن ان إن أو او ثم قد
	كل بعد قبل بين كما لكن حيث عند منذ حتى إذا و يا أي به بها له لها فيه فيها منه منها عليه عليها`

	danishStops = `og i jeg det at en den til er som på de med han af for ikke der var mig sig men et har om vi min havde ham hun nu over da fra du
	ud sin dem os op man hans hvor eller hvad skal ved ind blev kunne vil være dette hende dit din hvis denne her kan når noget bliver
	blive så også under deres mod jer sådan`

	dutchStops = `de en van ik te dat die in een hij het niet zijn is was op aan met als voor had er maar om hem dan zou of wat mijn men dit zo door
	over ze zich bij ook tot je mij uit der daar haar naar heb hoe heeft hebben deze u want nog zal me zij nu ge geen omdat iets
	worden wordt werd toch al waren veel meer doen toen moet ben zonder kan hun dus alles onder ja hier wie`

	finnishStops = `ja on ei ole se että hän oli kun niin mutta tai sekä myös jos kuin mitä joka jotka jota jonka minä sinä me te he ne tämä tuo
	nämä nuo sen sitä siitä siinä sille hänen minun sinun heidän olen olet olemme olette ovat olivat olla ollut eivät en et emme
	ette vaan vielä nyt koska ettei mikä kuka tässä tämän tätä niiden niitä`

	frenchStops = `le la les l un une des du de d et à a au aux en dans sur sous par pour avec sans que qu qui quoi ne n pas plus je j tu il elle on
	nous vous ils elles me m te t se s ce c cet cette ces mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs lui eux y est
	es suis sommes êtes sont était étaient être été ai as avons avez ont avait avaient avoir eu si ou où mais donc or ni car comme
	même aussi`

	germanStops = `der die das den dem des ein eine einer eines einem einen und oder aber nicht kein keine ist sind war waren sein bin bist wird
	werden wurde wurden hat haben hatte hatten ich du er sie es wir ihr mich dich sich uns euch mir dir ihm ihn ihnen mein dein seine
	seiner seinem seinen ihre ihrer ihrem ihren unser euer in im an am auf aus bei beim mit nach von vom zu zum zur für über unter vor
	durch um bis als wie wenn dass daß ob weil denn auch noch nur so da dann hier dort was wer wo dieser diese dieses diesem diesen
	man kann können`

	hungarianStops = `a az és egy hogy nem is de ez azt van volt meg ha mint csak már vagy még el ki be le fel én te ő mi ti ők ezt azok ezek aki
	ami amely akkor itt ott így úgy mert pedig sem se nincs lesz volna kell lehet minden olyan ilyen annak ennek azzal ezzal nagyon
	most után alatt között`

	irishStops = `an na a ag ar as go i is le ní sa san den don do de faoi ó idir agus ach nó mar má dá gur nach níor tá bhí bíonn mé tú sé sí
	muid sinn sibh siad é í iad mo ár bhur seo sin siúd cé cad chun gan roimh thar trí um b d m t h n ba mhaith`

	italianStops = `il lo la i gli le l un uno una di a da in con su per tra fra e ed o ma se che chi cui non più del dello della dei degli delle
	dell al allo alla ai agli alle all dal dallo dalla dai dagli dalle dall nel nello nella nei negli nelle nell sul sullo sulla sui
	sugli sulle sull io tu lui lei noi voi loro mi ti si ci vi ne mio mia tuo tua suo sua nostro vostro questo questa questi queste
	quello quella è sono sei siamo siete era erano essere stato ho hai ha abbiamo avete hanno aveva anche come dove quando perché c d`

	norwegianStops = `og i jeg det at en et den til er som på de med han av for ikke der var meg seg men har om vi min mitt hadde ham hun nå over
	da ved fra du ut sin dem oss opp man kan hans hvor eller hva skal selv her alle vil bli ble blitt kunne inn når være kom noen noe
	dette denne disse hennes så også etter mot ei eg ikkje`

	portugueseStops = `o a os as um uma uns umas de do da dos das em no na nos nas num numa por pelo pela pelos pelas para com sem sob sobre e ou
	mas se que quem não mais eu tu ele ela nós vós eles elas me te lhe lhes meu minha teu tua seu sua seus suas este esta isto esse
	essa isso aquele aquela aquilo ao à aos às é são era eram foi foram ser sou está estão estava ter tem têm tinha há já como quando
	onde também entre até`

	romanianStops = `și si în in la de pe cu din un o unei unui a al ai ale cel cea cei cele că ca să se nu este e sunt era erau fi fost am are
	avem aveți au avea eu tu el ea noi voi ei ele mă te îl îi le lui lor meu mea tău ta său sa acest această acești aceste acel acea
	care ce cine dar sau iar dacă când cum unde mai prin pentru după spre până fără fie`

	russianStops = `и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по ее её мне было вот от меня о из ему когда
	даже ну ли если или ни быть был него до вас нибудь уж вам ведь там потом себя ничего ей может они тут где есть надо ней для мы тебя
	их чем была сам чтоб без будто чего тоже себе под будет кто этот эта это эти того этого какой ним этом мой моя при об`

	spanishStops = `el la los las lo un una unos unas de del al a en por para con sin sobre entre y e o u pero si sí no que qué quien quién como cómo
	cuando donde más muy ya yo tú él ella nosotros vosotros ellos ellas me te se le les nos os mi mis tu tus su sus este esta esto
	estos estas ese esa eso esos esas aquel aquella es son era eran fue fueron ser soy está están estaba estar ha han había he hay
	haber hasta desde también porque`

	swedishStops = `och i att det som en på är av för med till den de har inte om ett han men var jag sig från vi så kan man när nu vid eller hon
	ska hade då under mot hans sin sina ut upp över alla efter denna dessa detta du dig dem dess ej er oss min mitt mina din vad vem
	vilken vilket där här blir bli blev varit vara skulle kunde honom henne hennes deras utan också`

	tamilStops = `ஒரு இந்த அந்த என்று என்ற மற்றும் இது அது அவர் அவள் அவன் நான் நீ நீங்கள் நாம் நாங்கள் அவர்கள் ஆனால் அல்லது உள்ள உள்ளது என என்பது
	இருந்து வரை மேலும் போது பின்னர் முன் தான் கூட மட்டும் எந்த என்ன எப்படி யார் இல்லை
	இங்கே அங்கே எங்கே அதை இதை`

	turkishStops = `ve bir bu şu o da de ile için mi mı mu mü ne gibi daha çok en ama fakat ancak veya ya ki her hem ben sen biz siz onlar beni seni
	onu bana sana ona bize size bunu şunu bunlar şunlar benim senin onun bizim sizin onların değil var yok olan olarak oldu olur ise
	kadar sonra önce göre diye çünkü nasıl neden niçin`
)
